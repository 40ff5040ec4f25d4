// Convolutions for tests of the GPU's tactics.
#pragma once

#include <string>
#include <vector>

#include "tests/cuda/device_case.h"

namespace cermet::testing {

struct ConvolutionCase {
  ElementType type = ElementType::float32;
  Shape image, weights;
  std::vector<int64_t> strides = {}, dilations = {}, pads = {}, output_padding = {};
  int64_t group = 1;
  std::string auto_pad = {};
  bool transposed = false;
  bool bias = true;
  bool residual = false;  // an epilogue that adds a tensor and cuts negative results off
  bool constant_weights = true;
  bool input_channels_last = false, output_channels_last = false;
};

KernelCase kernel_case(const ConvolutionCase& what);
// By the tactic and by the reference.
void check_convolution(const ConvolutionCase& what, std::string_view tactic);

}  // namespace cermet::testing
