#include "trtexec_formats.h"

#include <algorithm>

#include "common/errors.h"
#include "common/shapes.h"
#include "tensor_formats.h"

namespace cermet::tools::trtexec {
namespace {

std::vector<std::string> names_of(const std::vector<TensorInfo>& tensors) {
  std::vector<std::string> names;
  for (const TensorInfo& tensor : tensors) names.push_back(tensor.name);
  return names;
}

TensorFormat format_of(const std::string& flag, const std::string& entry) {
  const size_t colon = std::min(entry.find(':'), entry.size());
  const auto type = type_named(entry.substr(0, colon));
  require(type.has_value(), ErrorCode::invalid_argument,
          "{}={}: expected TYPE:LAYOUT such as fp16:chw, with a type of {}", flag, entry,
          type_words());
  const std::string layout = colon < entry.size() ? entry.substr(colon + 1) : "chw";
  const bool last = layout == "hwc" || layout == "dhwc";
  require(last || layout == "chw", ErrorCode::unsupported,
          "{}={} is not supported: inputs and outputs are row-major (chw) or channels-last (hwc, "
          "dhwc); the vectorised layouts are a GPU's own",
          flag, entry);
  return {"", *type, last ? TensorLayout::channels_last : TensorLayout::row_major};
}

}  // namespace

std::vector<TensorFormat> formats_of(const std::string& flag, const std::string& formats,
                                     const std::vector<std::string>& names) {
  const std::vector<std::string> entries = split_list(formats);
  require(entries.size() <= 1 || entries.size() == names.size(), ErrorCode::invalid_argument,
          "{}={}: expected one entry for all or {}, one for each tensor", flag, formats,
          names.size());
  std::vector<TensorFormat> result;
  for (size_t i = 0; i < names.size() && !entries.empty(); ++i) {
    result.push_back(format_of(flag, entries.size() == 1 ? entries.front() : entries[i]));
    result.back().name = names[i];
  }
  return result;
}

void add_formats(const Options& options, BuildOptions& build) {
  if (options.input_formats.empty() && options.output_formats.empty()) return;
  const ModelCheck model = check_model(options.onnx, options.plugins);
  build.input_formats =
      formats_of("--inputIOFormats", options.input_formats, names_of(model.inputs));
  build.output_formats =
      formats_of("--outputIOFormats", options.output_formats, names_of(model.outputs));
}

void check_formats(const std::string& flag, const std::string& formats,
                   const std::vector<TensorInfo>& tensors) {
  const auto asked = formats_of(flag, formats, names_of(tensors));
  for (size_t i = 0; i < asked.size(); ++i)
    require(asked[i].type == tensors[i].type && asked[i].layout == TensorLayout::row_major,
            ErrorCode::unsupported,
            "{}={}: '{}' is {} {} in the loaded engine, which can't be changed; give the flag "
            "with --onnx while building, and none or {}:chw afterwards",
            flag, formats, tensors[i].name, name(tensors[i].type), dims_text(tensors[i]),
            name(tensors[i].type));
}

Shape bound_shape(const Shape& shape, const TensorFormat& format) {
  if (format.layout == TensorLayout::row_major || shape.size() < 3) return shape;
  Shape bound = shape;
  std::rotate(bound.begin() + 1, bound.begin() + 2, bound.end());
  return bound;
}

}  // namespace cermet::tools::trtexec
