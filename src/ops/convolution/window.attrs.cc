#include "ops/convolution/window.attrs.h"

#include "base/error.h"

namespace cermet {
namespace {

// Bound of every size in an attribute: products of two stay within int64.
constexpr int64_t largest = INT32_MAX;

void require_size(int64_t value, int64_t low, std::string_view name) {
  require(value >= low && value <= largest, ErrorCode::invalid_model,
          "attribute {}: expected values from {} to {}, got {}", name, low, largest, value);
}

Dims kernel_of(const Attributes& attributes, const std::optional<Dims>& weights) {
  const std::vector<int64_t> shape = attributes.integers("kernel_shape", {});
  for (const int64_t size : shape) require_size(size, 1, "kernel_shape");
  if (!weights) {
    require(attributes.has("kernel_shape"), ErrorCode::invalid_model,
            "attribute kernel_shape: expected a size for each spatial dimension, it is missing");
    return to_dims(shape);
  }
  for (const Dim& size : *weights)
    if (size.is_constant())
      require(size.constant() >= 1 && size.constant() <= largest, ErrorCode::invalid_model,
              "weights: expected kernel sizes of at least 1, got {}", to_string(*weights));
  if (shape.empty()) return *weights;
  bool agrees = shape.size() == weights->size();
  for (size_t d = 0; agrees && d < shape.size(); ++d)
    agrees = !(*weights)[d].is_constant() || (*weights)[d].is_constant(shape[d]);
  require(agrees, ErrorCode::invalid_model,
          "attribute kernel_shape: expected {} as the weights, got {}", to_string(*weights),
          to_string(to_dims(shape)));
  return all_constant(*weights) ? *weights : to_dims(shape);
}

}  // namespace

AutoPad auto_pad_from(const Attributes& attributes) {
  const std::string text = attributes.text("auto_pad", "NOTSET");
  if (text.empty() || text == "NOTSET") return AutoPad::none;
  if (text == "SAME_UPPER") return AutoPad::same_upper;
  if (text == "SAME_LOWER") return AutoPad::same_lower;
  if (text == "VALID") return AutoPad::valid;
  fail(ErrorCode::invalid_model,
       "attribute auto_pad: expected NOTSET, SAME_UPPER, SAME_LOWER or VALID, got \"{}\"", text);
}

Padding split_padding(const Dim& total, AutoPad auto_pad) {
  const Dim small = floor_div(total, 2);
  if (auto_pad == AutoPad::same_upper) return {small, total - small};
  return {total - small, small};
}

std::vector<int64_t> spatial_list(const Attributes& attributes, std::string_view name, size_t rank,
                                  int64_t low, int64_t otherwise) {
  std::vector<int64_t> values = attributes.integers(name, {});
  if (values.empty()) values.assign(rank, otherwise);
  require(values.size() == rank, ErrorCode::invalid_model,
          "attribute {}: expected {} values, got {}", name, rank, values.size());
  for (const int64_t value : values) require_size(value, low, name);
  return values;
}

Window Window::from(const Attributes& attributes, const std::optional<Dims>& kernel) {
  Window window;
  window.kernel = kernel_of(attributes, kernel);
  const size_t rank = window.rank();
  window.strides = spatial_list(attributes, "strides", rank, 1, 1);
  window.dilations = spatial_list(attributes, "dilations", rank, 1, 1);
  window.auto_pad = auto_pad_from(attributes);
  const std::vector<int64_t> pads = spatial_list(attributes, "pads", 2 * rank, 0, 0);
  const auto middle = pads.begin() + static_cast<std::ptrdiff_t>(rank);
  window.pads_begin.assign(pads.begin(), middle);
  window.pads_end.assign(middle, pads.end());
  if (window.auto_pad != AutoPad::none) {
    window.pads_begin.assign(rank, 0);
    window.pads_end.assign(rank, 0);
  }
  return window;
}

Padding Window::padding(const Dim& input, size_t d) const {
  if (auto_pad == AutoPad::none || auto_pad == AutoPad::valid) return {pads_begin[d], pads_end[d]};
  const Dim needed = (positions(input, d) - 1) * strides[d] + extent(d) - input;
  return split_padding(max(needed, 0), auto_pad);
}

Dim Window::positions(const Dim& input, size_t d, bool ceil_mode) const {
  if (auto_pad == AutoPad::same_upper || auto_pad == AutoPad::same_lower)
    return ceil_div(input, strides[d]);
  const Dim room = input + (pads_begin[d] + pads_end[d]) - extent(d);
  Dim count = floor_div(room, strides[d]) + 1;
  if (ceil_mode && auto_pad == AutoPad::none)
    count = min(ceil_div(room, strides[d]) + 1, ceil_div(input + pads_begin[d], strides[d]));
  require(!count.is_constant() || count.constant() >= 0, ErrorCode::invalid_model,
          "spatial dimension {}: expected an image that holds a window of {} elements, got {} with "
          "padding {} and {}",
          d, extent(d).to_string(), input.to_string(), pads_begin[d], pads_end[d]);
  return count;
}

}  // namespace cermet
