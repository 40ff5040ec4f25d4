#include "bench/cuda/operator_cases.h"

namespace cermet::bench {
namespace {

using enum ElementType;
using enum ProblemKind;

void add_pointwise(OperatorCases& to, const Sizes& size) {
  const Shape residual{size(128, 2), 256, size(56, 3), size(56, 3)};
  to.push_back({.name = "pointwise: Add, Relu of ResNet-50",
                .tactic = "cuda.pointwise",
                .kind = pointwise,
                .op = "Pointwise",
                .inputs = {image(float16, residual), image(float16, residual)},
                .result = Layout::channels_last(4),
                .domain = "cermet",
                .expression = "%0 = input float16 0; %1 = input float16 1; %2 = add float16 %0 %1; "
                              "%3 = constant float16 0; %4 = max float16 %2 %3; -> %4"});
  to.push_back(
      {.name = "pointwise: GELU of BERT with bias",
       .tactic = "cuda.pointwise",
       .kind = pointwise,
       .op = "Pointwise",
       .inputs = {data(float16, {size(128, 1), size(128, 8), 3072}), data(float16, {3072})},
       .domain = "cermet",
       .expression = "%0 = input float16 0; %1 = input float16 1; %2 = add float16 %0 %1; "
                     "%3 = constant float16 0.70710678; %4 = mul float16 %2 %3; "
                     "%5 = erf float16 %4; %6 = constant float16 1; "
                     "%7 = add float16 %5 %6; %8 = mul float16 %2 %7; "
                     "%9 = constant float16 0.5; %10 = mul float16 %8 %9; -> %10"});
  to.push_back({.name = "pointwise: cast of images to float16",
                .tactic = "cuda.pointwise",
                .kind = pointwise,
                .op = "Pointwise",
                .inputs = {data(float32, {size(128, 2), 3, size(224, 8), size(224, 8)})},
                .domain = "cermet",
                .expression = "%0 = input float32 0; %1 = cast float16 %0; -> %1"});
}

void add_reductions(OperatorCases& to, const Sizes& size) {
  to.push_back(
      {.name = "reduction: ReduceMean of ViT's tokens",
       .tactic = "cuda.reduction",
       .kind = reduction,
       .op = "ReduceMean",
       .inputs = {data(float16, {size(128, 2), size(197, 9), 768}), numbers(int64, {1}, {1})}});
  to.push_back({.name = "reduction: GlobalAveragePool of ResNet-50",
                .tactic = "cuda.reduction",
                .kind = pooling,
                .op = "GlobalAveragePool",
                .inputs = {image(float16, {size(128, 2), size(2048, 64), 7, 7})},
                .result = Layout::channels_last(4)});
  to.push_back({.name = "softmax of ViT's scores",
                .tactic = "cuda.softmax",
                .kind = softmax,
                .op = "Softmax",
                .inputs = {data(float16, {size(128, 1), size(12, 2), size(197, 9), 197})}});
}

void add_normalizations(OperatorCases& to, const Sizes& size) {
  to.push_back({.name = "normalization: LayerNormalization of ViT",
                .tactic = "cuda.normalization",
                .kind = normalization,
                .op = "LayerNormalization",
                .inputs = {data(float16, {size(128, 1), size(197, 5), 768}),
                           weights(float16, {768}), weights(float16, {768})}});
  to.push_back({.name = "normalization: RMSNormalization of Llama",
                .tactic = "cuda.normalization",
                .kind = normalization,
                .op = "RMSNormalization",
                .inputs = {data(float16, {size(2048, 3), 4096}), weights(float16, {4096})}});
  const int64_t channels = size(320, 32);
  to.push_back({.name = "normalization: GroupNormalization of Stable Diffusion",
                .tactic = "cuda.normalization",
                .kind = normalization,
                .op = "GroupNormalization",
                .inputs = {image(float16, {2, channels, size(64, 5), size(64, 5)}),
                           weights(float16, {channels}), weights(float16, {channels})},
                .attributes = {{"num_groups", int64_t{32}}},
                .result = Layout::channels_last(4)});
  std::vector<std::optional<OperandSpec>> batch{
      image(float16, {size(32, 2), 256, size(56, 3), size(56, 3)})};
  for (int i = 0; i < 4; ++i) batch.emplace_back(numbers(float16, {256}, std::vector(256, 0.5)));
  to.push_back({.name = "batch normalization of ResNet-50",
                .tactic = "cuda.batch_normalization",
                .kind = normalization,
                .op = "BatchNormalization",
                .inputs = std::move(batch),
                .result = Layout::channels_last(4)});
  to.push_back({.name = "local response of AlexNet",
                .tactic = "cuda.local_response",
                .op = "LRN",
                .inputs = {image(float16, {size(32, 1), 96, size(55, 4), size(55, 4)})},
                .attributes = {{"size", int64_t{5}}},
                .result = Layout::channels_last(4)});
}

void add_quantization(OperatorCases& to, const Sizes& size) {
  const Shape shape{size(128, 1), size(197, 5), 768};
  to.push_back(
      {.name = "quantize: QuantizeLinear of ViT's tokens",
       .tactic = "cuda.quantize",
       .op = "QuantizeLinear",
       .inputs = {data(float16, shape), numbers(float16, {}, {0.05}), numbers(int8, {}, {0})}});
  to.push_back(
      {.name = "quantize: DequantizeLinear of ViT's tokens",
       .tactic = "cuda.quantize",
       .op = "DequantizeLinear",
       .inputs = {data(int8, shape), numbers(float16, {}, {0.05}), numbers(int8, {}, {0})}});
}

}  // namespace

void add_elementwise(OperatorCases& to, const Sizes& size) {
  add_pointwise(to, size);
  add_reductions(to, size);
  add_normalizations(to, size);
  add_quantization(to, size);
}

std::vector<OperatorCase> operator_cases(bool quick) {
  const Sizes size(quick);
  OperatorCases list;
  add_elementwise(list, size);
  add_movements(list, size);
  add_images(list, size);
  add_products(list, size);
  add_selections(list, size);
  return list;
}

}  // namespace cermet::bench
