// Quantization on the GPU.
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

struct Granularity {
  Shape shape, scale;
  int64_t axis = 1, block = 0;
  bool last = false;
};

const std::vector<Granularity> granularities{
    {{3, 7, 11}, {}},
    {{4, 16}, {1}},
    {{0, 4}, {}},
    {{2, 5, 8}, {5}},
    {{2, 5, 3}, {2}, 0},
    {{6, 32}, {32}, -1},
    {{3, 10, 4}, {3, 4, 4}, 1, 3},
    {{4, 32}, {4, 4}, 1, 8},
    {{2, 8, 3, 5}, {8}, 1, 0, true},
};

KernelCase scaled(std::string op, const Granularity& g, Tensor x, ElementType scale,
                  std::optional<Tensor> zero) {
  Attributes attributes;
  attributes.set("axis", g.axis);
  attributes.set("block_size", g.block);
  KernelCase what =
      kernel_case(ProblemKind::reference, std::move(op),
                  {std::move(x), random_tensor(scale, g.scale, 0.1, 0.4, 3), std::move(zero)},
                  std::move(attributes));
  if (g.last) what.layouts = what.output_layouts = {Layout::channels_last(4)};
  return what;
}

void check(KernelCase what, Tolerance tolerance = {0, 0}) {
  expect_same_on_device(std::move(what), cuda_tactic("cuda.quantize"), tolerance);
}

TEST(CudaQuantize, QuantizeLinear) {
  for (const Granularity& g : granularities)
    for (ElementType code : {uint8, int8, int16, uint16})
      check(scaled("QuantizeLinear", g, random_tensor(float32, g.shape, -90, 90), float32,
                   random_tensor(code, g.scale, 0, 9, 2)));
  const Granularity whole{{5, 9}, {}};
  for (ElementType type : {float16, bfloat16, float64})
    check(
        scaled("QuantizeLinear", whole, random_tensor(type, {5, 9}, -90, 90), type, std::nullopt));
}

TEST(CudaQuantize, DequantizeLinear) {
  for (const Granularity& g : granularities)
    for (ElementType code : {uint8, int8, int16, uint16, int32})
      check(scaled("DequantizeLinear", g, random_tensor(code, g.shape, 0, 100), float32,
                   random_tensor(code, g.scale, 0, 9, 2)));
  const Granularity whole{{5, 9}, {}};
  for (ElementType type : {float16, bfloat16})
    check(
        scaled("DequantizeLinear", whole, random_tensor(int8, {5, 9}, -90, 90), type, std::nullopt),
        {1e-2, 0});
}

TEST(CudaQuantize, DynamicQuantizeLinear) {
  for (const Shape& shape : {Shape{3, 5}, Shape{40, 500}, Shape{0}, Shape{}})
    for (double low : {-3.0, 0.0, 2.0}) {
      KernelCase what = kernel_case(ProblemKind::reference, "DynamicQuantizeLinear",
                                    {random_tensor(float32, shape, low, low + 5)});
      what.output_count = 3;
      check(what, {1e-6, 0});
    }
}

}  // namespace
}  // namespace cermet
