#include "bench/cuda/operator_cases.h"

namespace cermet::bench {
namespace {

using enum ElementType;
using enum ProblemKind;

struct Window {
  const char *name, *tactic;
  Shape image, weights;
  int64_t stride = 1, pad = 0, group = 1;
  ElementType type = float16;
  const char* op = "Conv";
};

OperatorCase convolution_case(const Window& what) {
  const bool transposed = std::string_view(what.op) == "ConvTranspose";
  const size_t spatial = what.image.size() - 2;
  OperatorCase made{.name = what.name,
                    .tactic = what.tactic,
                    .kind = convolution,
                    .op = what.op,
                    .inputs = {image(what.type, what.image), weights(what.type, what.weights)},
                    .attributes = {{"group", what.group},
                                   {"strides", std::vector(spatial, what.stride)},
                                   {"pads", std::vector(2 * spatial, what.pad)}},
                    .result = Layout::channels_last(static_cast<int>(what.image.size()))};
  const int64_t filters = transposed ? what.weights[1] * what.group : what.weights[0];
  // Bytes have no bias: their second operand behind the weights is a zero point.
  if (made.op != "ConvInteger") made.inputs.emplace_back(weights(what.type, {filters}));
  return made;
}

void add_convolutions(OperatorCases& to, const Sizes& size) {
  const int64_t batch = size(32, 1), wide = size(56, 6), half = size(14, 5);
  const Shape small{size(128, 1), size(256, 32), half, half};
  const Shape filters{size(256, 32), size(256, 32), 3, 3};
  const std::vector<Window> windows{
      {"depthwise 3x3 of MobileNetV2",
       "cuda.depthwise",
       {batch, 144, wide, wide},
       {144, 1, 3, 3},
       1,
       1,
       144},
      {"depthwise 7x7 of ConvNeXt",
       "cuda.depthwise",
       {batch, 96, wide, wide},
       {96, 1, 7, 7},
       1,
       3,
       96},
      {"first layer of ResNet-50",
       "cuda.direct_convolution",
       {size(128, 1), 3, size(224, 20), size(224, 20)},
       {64, 3, 7, 7},
       2,
       3},
      {"first layer of ResNet-50 by lines",
       "cuda.convolution_few_channels",
       {size(128, 1), 3, size(224, 20), size(224, 20)},
       {64, 3, 7, 7},
       2,
       3},
      {"deconvolution of U-Net",
       "cuda.deconvolution",
       {size(8, 1), size(256, 16), wide, wide},
       {size(256, 16), size(128, 16), 2, 2},
       2,
       0,
       1,
       float16,
       "ConvTranspose"},
      {"grouped convolution of ResNeXt",
       "cuda.grouped_convolution",
       {batch, 128, wide, wide},
       {128, 4, 3, 3},
       1,
       1,
       32},
      {"plain convolution of float64",
       "cuda.plain_convolution",
       {size(8, 1), 32, half, half},
       {32, 32, 3, 3},
       1,
       1,
       1,
       float64},
      {"convolution 3x3 of ResNet-50 by wgmma", "cuda.convolution_warpgroup", small, filters, 1, 1},
      {"convolution 3x3 of ResNet-50 by mma", "cuda.convolution", small, filters, 1, 1},
      {"convolution 3x3 of ResNet-50 by cuDNN", "cudnn.convolution", small, filters, 1, 1},
      {"convolution 3x3 of ResNet-50 in float32", "cuda.convolution_fma", small, filters, 1, 1, 1,
       float32},
      {"convolution 3x3 of ResNet-50 by Winograd", "cuda.convolution_winograd", small, filters, 1,
       1, 1, float32},
      {"convolution 3x3 of ResNet-50 of bytes", "cuda.convolution_bytes", small, filters, 1, 1, 1,
       int8, "ConvInteger"},
  };
  for (const Window& window : windows) to.push_back(convolution_case(window));
}

void add_deformable(OperatorCases& to, const Sizes& size) {
  const int64_t batch = size(4, 1), side = size(64, 5), channels = size(64, 6);
  to.push_back({.name = "deformable convolution",
                .tactic = "cuda.deformable",
                .op = "DeformConv",
                .inputs = {data(float32, {batch, channels, side, side}),
                           weights(float32, {channels, channels, 3, 3}),
                           data(float32, {batch, 18, side, side})},
                .attributes = {{"pads", std::vector<int64_t>{1, 1, 1, 1}}}});
}

void add_samples(OperatorCases& to, const Sizes& size) {
  const int64_t batch = size(16, 1), side = size(40, 5);
  const std::optional<OperandSpec> absent;
  for (const char* mode : {"nearest", "linear"})
    to.push_back({.name = std::string("resize of YOLO, ") + mode,
                  .tactic = "cuda.resize",
                  .kind = resample,
                  .op = "Resize",
                  .inputs = {image(float16, {batch, size(256, 16), side, side}), absent,
                             numbers(float32, {4}, {1, 1, 2, 2})},
                  .attributes = {{"mode", std::string(mode)}},
                  .result = Layout::channels_last(4)});
  to.push_back({.name = "grid sample of features",
                .tactic = "cuda.grid_sample",
                .op = "GridSample",
                .inputs = {data(float16, {size(8, 1), size(64, 8), size(128, 6), size(128, 6)}),
                           data(float32, {size(8, 1), size(128, 7), size(128, 7), 2})}});
  to.push_back({.name = "pooling: MaxPool of ResNet-50",
                .tactic = "cuda.pooling",
                .kind = pooling,
                .op = "MaxPool",
                .inputs = {image(float16, {size(128, 1), 64, size(112, 8), size(112, 8)})},
                .attributes = {{"kernel_shape", std::vector<int64_t>{3, 3}},
                               {"strides", std::vector<int64_t>{2, 2}},
                               {"pads", std::vector<int64_t>{1, 1, 1, 1}}},
                .result = Layout::channels_last(4)});
}

}  // namespace

void add_images(OperatorCases& to, const Sizes& size) {
  add_convolutions(to, size);
  add_deformable(to, size);
  add_samples(to, size);
}

}  // namespace cermet::bench
