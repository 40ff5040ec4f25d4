// Windows that slide over the spatial dimensions of an image: what convolutions and pools share.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/attributes.h"
#include "expr/dim.h"

namespace cermet {

enum class AutoPad : uint8_t { none, same_upper, same_lower, valid };

AutoPad auto_pad_from(const Attributes& attributes);

// Elements added before and after an image along one dimension.
struct Padding {
  Dim begin;
  Dim end;

  Dim total() const { return begin + end; }
};

// `total` elements split as ONNX's SAME modes do: an odd one goes to the end for same_upper, to the
// beginning otherwise.
Padding split_padding(const Dim& total, AutoPad auto_pad);

// A list attribute with one value per spatial dimension, each in [low, 2^31); `otherwise` repeated
// when the attribute is missing or empty.
std::vector<int64_t> spatial_list(const Attributes& attributes, std::string_view name, size_t rank,
                                  int64_t low, int64_t otherwise);

// All lists have one entry per spatial dimension.
struct Window {
  Dims kernel;  // constants unless the weights' sizes are symbolic
  std::vector<int64_t> strides;
  std::vector<int64_t> dilations;
  std::vector<int64_t> pads_begin;  // zeros unless auto_pad is none
  std::vector<int64_t> pads_end;
  AutoPad auto_pad = AutoPad::none;

  // Reads kernel_shape, strides, dilations, pads and auto_pad. `kernel` are the sizes that the
  // weights have, where there are weights; kernel_shape must agree with them.
  static Window from(const Attributes& attributes, const std::optional<Dims>& kernel = {});

  size_t rank() const { return kernel.size(); }
  // Elements that the window spans along dimension d, gaps included.
  Dim extent(size_t d) const { return (kernel[d] - 1) * dilations[d] + 1; }
  // The padding in effect for an image of `input` elements along dimension d.
  Padding padding(const Dim& input, size_t d) const;
  // How many places the window takes along dimension d. With `ceil_mode` also the last, incomplete
  // one, unless it would begin in the padding at the end.
  Dim positions(const Dim& input, size_t d, bool ceil_mode = false) const;
};

}  // namespace cermet
