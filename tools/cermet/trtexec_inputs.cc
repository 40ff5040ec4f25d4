#include "trtexec_inputs.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "common/errors.h"
#include "common/files.h"
#include "common/random_inputs.h"
#include "common/shapes.h"
#include "trtexec_formats.h"
#include "trtexec_log.h"

namespace cermet::tools::trtexec {
namespace {

const TensorInfo& input_named(const Engine& engine, const std::string& name) {
  const auto found = std::find_if(engine.inputs().begin(), engine.inputs().end(),
                                  [&](const TensorInfo& input) { return input.name == name; });
  if (found != engine.inputs().end()) return *found;
  std::string names;
  for (const TensorInfo& input : engine.inputs()) names += (names.empty() ? "" : ", ") + input.name;
  fail(ErrorCode::invalid_argument, "--loadInputs: '{}' is no input; the inputs are: {}", name,
       names);
}

// Names may hold colons and so may paths: the longest name that is an input wins.
size_t split_of(const std::string& entry, const Engine& engine) {
  for (size_t colon = entry.rfind(':'); colon != std::string::npos && colon > 0;
       colon = entry.rfind(':', colon - 1)) {
    const std::string name = unquoted(entry.substr(0, colon));
    const auto& inputs = engine.inputs();
    if (std::any_of(inputs.begin(), inputs.end(), [&](const auto& it) { return it.name == name; }))
      return colon;
  }
  const size_t colon = entry.find(':');
  require(colon != std::string::npos, ErrorCode::invalid_argument,
          "--loadInputs={}: expected NAME:FILE", entry);
  return colon;
}

std::map<std::string, std::string> files_of(const Engine& engine, const std::string& flag) {
  std::map<std::string, std::string> files;
  for (const std::string& entry : split_list(flag)) {
    const size_t colon = split_of(entry, engine);
    const std::string name = input_named(engine, unquoted(entry.substr(0, colon))).name;
    require(files.emplace(name, entry.substr(colon + 1)).second, ErrorCode::invalid_argument,
            "--loadInputs: '{}' is given twice", name);
  }
  return files;
}

Tensor raw_tensor(const TensorInfo& input, const Shape& shape, const std::string& path) {
  require(input.type != ElementType::string, ErrorCode::unsupported,
          "--loadInputs: input '{}' holds texts, which have no raw form; use `cermet run`",
          input.name);
  const std::string bytes = read_file(path);
  Tensor tensor(input.type, shape);
  require(bytes.size() == tensor.bytes(), ErrorCode::invalid_argument,
          "--loadInputs: '{}' has {} bytes; input '{}' of {} {} takes {}", path, bytes.size(),
          input.name, name(input.type), shape_text(shape), tensor.bytes());
  if (!bytes.empty()) std::memcpy(tensor.view().data, bytes.data(), bytes.size());
  return tensor;
}

bool is_number(const std::string& dim) {
  return !dim.empty() &&
         std::all_of(dim.begin(), dim.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool in_profile(const TensorInfo& input, const std::vector<ShapeProfile>& profiles) {
  return !profiles.empty() && std::any_of(profiles.front().begin(), profiles.front().end(),
                                          [&](const auto& it) { return it.name == input.name; });
}

// Gives the sizes that nothing tells the value 1.
void fill_open_sizes(const TensorInfo& input, InputShapes& shapes) {
  if (!input.dims || std::all_of(input.dims->begin(), input.dims->end(), is_number)) return;
  Shape shape;
  for (const std::string& dim : *input.dims) shape.push_back(is_number(dim) ? std::stoll(dim) : 1);
  print_log(Severity::warning,
            fmt::format("Input '{}' is {} in the model and no shapes were given; it runs with {}",
                        input.name, dims_text(input), shape_text(shape)));
  shapes.emplace(input.name, shape);
}

std::vector<TensorFormat> input_formats_of(const Engine& engine, const Options& options) {
  std::vector<std::string> names;
  for (const TensorInfo& input : engine.inputs()) names.push_back(input.name);
  return formats_of("--inputIOFormats", options.input_formats, names);
}

}  // namespace

std::vector<Value> make_inputs(const Engine& engine, const Options& options) {
  const std::vector<ShapeProfile> profiles = engine.summary().profiles;
  const std::map<std::string, std::string> files = files_of(engine, options.load_inputs);
  InputShapes shapes = shapes_of(options.shapes);
  check_names(shapes, engine.inputs());
  if (!options.onnx.empty())
    for (const TensorFormat& format : input_formats_of(engine, options))
      if (const auto given = shapes.find(format.name); given != shapes.end())
        given->second = bound_shape(given->second, format);
  std::vector<Value> values;
  for (const TensorInfo& input : engine.inputs()) {
    require(input.kind == Value::Kind::tensor, ErrorCode::unsupported,
            "input '{}' is no tensor; use `cermet bench --input {}=FILE.pb`", input.name,
            input.name);
    if (!shapes.contains(input.name) && !in_profile(input, profiles))
      fill_open_sizes(input, shapes);
    const Shape shape = input_shape(input, shapes, profiles);
    const auto file = files.find(input.name);
    values.emplace_back(file == files.end() ? random_tensor(input.type, shape, 1 + values.size())
                                            : raw_tensor(input, shape, file->second));
    info("Input '{}': {} {}, {}", input.name, name(input.type), shape_text(shape),
         file == files.end() ? "random values" : file->second);
  }
  return values;
}

}  // namespace cermet::tools::trtexec
