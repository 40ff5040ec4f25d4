// Attributes of the convolutions, with the sizes that follow from them.
#pragma once

#include <optional>
#include <vector>

#include "ops/convolution/window.attrs.h"

namespace cermet {

// Conv; also the window of DeformConv.
struct ConvolutionAttributes {
  Window window;
  int64_t group = 1;

  // `kernel`: the spatial sizes of the weights, W.shape[2:]; nothing when their rank is unknown.
  static ConvolutionAttributes from(const Attributes& attributes,
                                    const std::optional<Dims>& kernel);

  Dim output_size(const Dim& input, size_t d) const { return window.positions(input, d); }
  Padding padding(const Dim& input, size_t d) const { return window.padding(input, d); }
};

// ConvTranspose: the window slides over the output.
struct TransposedConvolutionAttributes {
  Window window;
  int64_t group = 1;
  std::vector<int64_t> output_padding;
  std::optional<std::vector<int64_t>> output_shape;  // spatial sizes asked for

  static TransposedConvolutionAttributes from(const Attributes& attributes,
                                              const std::optional<Dims>& kernel);

  Dim output_size(const Dim& input, size_t d) const;
  // What is cut off the output's ends.
  Padding padding(const Dim& input, size_t d) const;

 private:
  Dim whole_size(const Dim& input, size_t d) const;
};

struct DeformableAttributes {
  ConvolutionAttributes convolution;
  int64_t offset_group = 1;

  static DeformableAttributes from(const Attributes& attributes, const std::optional<Dims>& kernel);
};

}  // namespace cermet
