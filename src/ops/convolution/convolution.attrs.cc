#include "ops/convolution/convolution.attrs.h"

#include "base/error.h"

namespace cermet {
namespace {

int64_t group_from(const Attributes& attributes, std::string_view name) {
  const int64_t group = attributes.integer(name, 1);
  require(group >= 1 && group <= INT32_MAX, ErrorCode::invalid_model,
          "attribute {}: expected at least 1, got {}", name, group);
  return group;
}

}  // namespace

ConvolutionAttributes ConvolutionAttributes::from(const Attributes& attributes,
                                                  const std::optional<Dims>& kernel) {
  return {Window::from(attributes, kernel), group_from(attributes, "group")};
}

TransposedConvolutionAttributes TransposedConvolutionAttributes::from(
    const Attributes& attributes, const std::optional<Dims>& kernel) {
  TransposedConvolutionAttributes result;
  result.window = Window::from(attributes, kernel);
  result.group = group_from(attributes, "group");
  const size_t rank = result.window.rank();
  result.output_padding = spatial_list(attributes, "output_padding", rank, 0, 0);
  std::vector<int64_t> shape = attributes.integers("output_shape", {});
  if (shape.empty()) return result;
  // Models older than the rule against it state batch and channels too.
  if (shape.size() == rank + 2) shape.erase(shape.begin(), shape.begin() + 2);
  require(shape.size() == rank, ErrorCode::invalid_model,
          "attribute output_shape: expected {} spatial sizes, got {}", rank, shape.size());
  for (const int64_t size : shape)
    require(size >= 0 && size <= INT32_MAX, ErrorCode::invalid_model,
            "attribute output_shape: expected sizes from 0 to {}, got {}", INT32_MAX, size);
  result.output_shape = std::move(shape);
  return result;
}

Dim TransposedConvolutionAttributes::whole_size(const Dim& input, size_t d) const {
  return (input - 1) * window.strides[d] + output_padding[d] + window.extent(d);
}

Dim TransposedConvolutionAttributes::output_size(const Dim& input, size_t d) const {
  if (output_shape) return (*output_shape)[d];
  if (window.auto_pad == AutoPad::same_upper || window.auto_pad == AutoPad::same_lower)
    return input * window.strides[d];
  const Dim size = whole_size(input, d) - (window.pads_begin[d] + window.pads_end[d]);
  require(!size.is_constant() || size.constant() >= 0, ErrorCode::invalid_model,
          "spatial dimension {}: expected padding that leaves an output, got {} and {} of {}", d,
          window.pads_begin[d], window.pads_end[d], whole_size(input, d).to_string());
  return size;
}

Padding TransposedConvolutionAttributes::padding(const Dim& input, size_t d) const {
  if (!output_shape && window.auto_pad != AutoPad::same_upper &&
      window.auto_pad != AutoPad::same_lower)
    return {window.pads_begin[d], window.pads_end[d]};
  return split_padding(max(whole_size(input, d) - output_size(input, d), 0), window.auto_pad);
}

DeformableAttributes DeformableAttributes::from(const Attributes& attributes,
                                                const std::optional<Dims>& kernel) {
  return {ConvolutionAttributes::from(attributes, kernel), group_from(attributes, "offset_group")};
}

}  // namespace cermet
