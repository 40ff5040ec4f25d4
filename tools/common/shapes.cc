#include "common/shapes.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "common/errors.h"

namespace cermet::tools {
namespace {

std::optional<int64_t> size_of(std::string_view text) {
  int64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size() || size < 0) return std::nullopt;
  return size;
}

Shape parse_shape(std::string_view text, std::string_view entry) {
  if (text == "scalar") return {};
  Shape shape;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('x', begin), text.size());
    const std::optional<int64_t> size = size_of(text.substr(begin, end - begin));
    require(size.has_value(), ErrorCode::invalid_argument,
            "shape '{}': expected NAME:1x3x224x224 or NAME:scalar", entry);
    shape.push_back(*size);
    begin = end + 1;
  }
  return shape;
}

std::string joined(std::span<const TensorInfo> infos) {
  std::string names;
  for (const TensorInfo& info : infos) names += (names.empty() ? "" : ", ") + info.name;
  return names;
}

}  // namespace

InputShapes parse_shapes(std::string_view text) {
  InputShapes shapes;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view entry = text.substr(begin, end - begin);
    const size_t split = entry.find_last_of(":=");
    require(split != std::string_view::npos && split > 0, ErrorCode::invalid_argument,
            "shape '{}': expected NAME:1x3x224x224 or NAME:scalar", entry);
    const bool added = shapes
                           .emplace(std::string(entry.substr(0, split)),
                                    parse_shape(entry.substr(split + 1), entry))
                           .second;
    require(added, ErrorCode::invalid_argument, "the shape of '{}' is given twice",
            entry.substr(0, split));
    begin = end + 1;
  }
  return shapes;
}

std::string shape_text(const Shape& shape) {
  return shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, "x"));
}

std::string dims_text(const TensorInfo& info) {
  if (!info.dims) return "?";
  return info.dims->empty() ? "scalar" : fmt::format("{}", fmt::join(*info.dims, "x"));
}

Shape input_shape(const TensorInfo& input, const InputShapes& given,
                  std::span<const ShapeProfile> profiles) {
  if (const auto found = given.find(input.name); found != given.end()) return found->second;
  if (input.dims) {
    Shape shape;
    for (const std::string& dim : *input.dims)
      if (const auto size = size_of(dim)) shape.push_back(*size);
    if (shape.size() == input.dims->size()) return shape;
  }
  if (!profiles.empty()) {
    for (const ShapeRange& range : profiles.front())
      if (range.name == input.name) return range.opt;
  }
  fail(ErrorCode::invalid_argument,
       "input '{}' has the shape {} in the model, which leaves sizes open; give them by --shapes "
       "{}:SIZExSIZE...",
       input.name, dims_text(input), input.name);
}

void check_names(const InputShapes& given, std::span<const TensorInfo> inputs) {
  for (const auto& [name, shape] : given) {
    const bool known = std::any_of(inputs.begin(), inputs.end(),
                                   [&](const TensorInfo& input) { return input.name == name; });
    require(known, ErrorCode::invalid_argument,
            "a shape is given for '{}', which is no input; the inputs are: {}", name,
            joined(inputs));
  }
}

}  // namespace cermet::tools
