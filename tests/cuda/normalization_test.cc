// Normalisations on the GPU.
#include <limits>

#include "base/scalar.h"
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

void check(KernelCase what, std::string_view tactic = "cuda.normalization") {
  const ElementType type = what.inputs[0]->type();
  Tolerance tolerance{1e-5, 1e-5};
  if (type == float64) tolerance = {1e-11, 1e-11};
  if (type == float16) tolerance = {2e-3, 2e-3};
  if (type == bfloat16) tolerance = {1e-2, 1e-2};
  expect_same_on_device(std::move(what), cuda_tactic(tactic), tolerance);
}

KernelCase normalization(std::string op, std::vector<std::optional<Tensor>> inputs,
                         const Attributes& attributes = {}, const Layout& layout = {}) {
  KernelCase what =
      kernel_case(ProblemKind::normalization, std::move(op), std::move(inputs), attributes);
  what.layouts = what.output_layouts = {layout};
  return what;
}

Attributes with(std::string name, int64_t value) {
  Attributes attributes;
  attributes.set(name, value);
  return attributes;
}

KernelCase layer(const Tensor& x, const Shape& row, int64_t axis = -1, bool bias = true) {
  std::vector<std::optional<Tensor>> inputs{x, random_tensor(x.type(), row, -2, 2, 2)};
  if (bias) inputs.push_back(random_tensor(x.type(), row, -2, 2, 3));
  return normalization("LayerNormalization", std::move(inputs), with("axis", axis));
}

KernelCase root_mean(const Tensor& x, const Shape& row) {
  return normalization("RMSNormalization", {x, random_tensor(x.type(), row, -2, 2, 2)});
}

TEST(CudaNormalization, RowsOfManyLengths) {
  for (int64_t length : {1, 7, 64, 100, 768, 1024, 4096, 5001, 70000}) {
    check(layer(random_tensor(float32, {3, length}, 5, 9), {length}));
    check(root_mean(random_tensor(float32, {3, length}), {length}));
  }
}

TEST(CudaNormalization, RowsOfManyDimensionsAndTypes) {
  check(layer(random_tensor(float32, {2, 3, 4, 5}), {4, 5}, 2));
  check(layer(random_tensor(float32, {2, 3, 4, 5}), {4, 5}, -2, false));
  check(layer(random_tensor(float32, {2, 3, 8}), {1}));
  check(layer(random_tensor(float32, {2, 3, 8}), {3, 1}));
  for (ElementType type : {float16, bfloat16, float64}) {
    check(layer(random_tensor(type, {9, 96}), {96}));
    check(root_mean(random_tensor(type, {9, 96}), {96}));
  }
  check(normalization("RMSNormalization",
                      {random_tensor(float16, {5, 64}), random_tensor(float32, {64}, -2, 2, 2)}));
  check(layer(Tensor(float32, {0, 8}), {8}));
  check(layer(Tensor(float32, {3, 0}), {0}));
}

TEST(CudaNormalization, GroupsAndInstances) {
  for (const Shape& shape : {Shape{2, 12, 5, 7}, Shape{2, 16, 4, 4}, Shape{3, 8}, Shape{2, 24, 30}})
    for (ElementType type : {float32, float16})
      for (bool last : {false, true}) {
        if (last && shape.size() < 3) continue;
        const Layout layout =
            last ? Layout::channels_last(static_cast<int>(shape.size())) : Layout{};
        const std::vector<std::optional<Tensor>> inputs{random_tensor(type, shape, 3, 9),
                                                        random_tensor(type, {shape[1]}, -2, 2, 2),
                                                        random_tensor(type, {shape[1]}, -2, 2, 3)};
        for (int64_t groups : {1, 4})
          check(normalization("GroupNormalization", inputs, with("num_groups", groups), layout));
        check(normalization("InstanceNormalization", inputs, {}, layout));
      }
}

TEST(CudaNormalization, Channels) {
  for (const Shape& shape :
       {Shape{2, 12, 5, 7}, Shape{2, 16, 4, 4}, Shape{3, 9}, Shape{7}, Shape{2, 0, 3}})
    for (ElementType type : {float32, float16, float64})
      for (bool last : {false, true}) {
        if (last && shape.size() < 3) continue;
        const int64_t channels = shape.size() < 2 ? 1 : shape[1];
        check(normalization(
                  "BatchNormalization",
                  {random_tensor(type, shape), random_tensor(type, {channels}, -2, 2, 2),
                   random_tensor(type, {channels}, -2, 2, 3),
                   random_tensor(type, {channels}, -2, 2, 4),
                   random_tensor(type, {channels}, 0.5, 2, 5)},
                  {}, last ? Layout::channels_last(static_cast<int>(shape.size())) : Layout{}),
              "cuda.batch_normalization");
      }
}

TEST(CudaNormalization, WithoutParameters) {
  for (bool last : {false, true}) {
    const Layout layout = last ? Layout::channels_last(4) : Layout{};
    const Tensor x = random_tensor(float32, {3, 12, 5, 4});
    check(normalization("MeanVarianceNormalization", {x}, {}, layout));
    for (int64_t axis : {0, 1, 2, 3})
      for (int64_t p : {1, 2}) {
        Attributes attributes = with("axis", axis);
        attributes.set("p", p);
        check(normalization("LpNormalization", {x}, attributes, layout));
      }
    for (int64_t size : {1, 3, 4, 40})
      check(normalization("LRN", {x}, with("size", size), layout), "cuda.local_response");
  }
  check(normalization("LpNormalization", {Tensor::from(float32, {2, 2}, std::vector<float>(4))}));
}

TEST(CudaNormalization, NotANumberAndInfinity) {
  for (double odd : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    Tensor x = random_tensor(float32, {8, 40});
    store_element<double>(x.view(), 3, odd);
    check(layer(x, {40}));
    check(root_mean(x, {40}));
  }
}

TEST(CudaNormalization, Epilogue) {
  KernelCase row = layer(random_tensor(float32, {6, 16}), {16});
  row.inputs.push_back(random_tensor(float32, {6, 16}, -3, 3, 4));
  row.problem.epilogue_first = 3;
  row.problem.expression = ScalarExpr::parse(
      "%0 = input float32 0; %1 = input float32 1; %2 = add float32 %0 %1; -> %2");
  check(row);
  for (bool last : {false, true}) {
    KernelCase batch = normalization(
        "BatchNormalization",
        {random_tensor(float32, {2, 8, 3, 5}), random_tensor(float32, {8}, -2, 2, 2),
         random_tensor(float32, {8}, -2, 2, 3), random_tensor(float32, {8}, -2, 2, 4),
         random_tensor(float32, {8}, 0.5, 2, 5), random_tensor(float32, {2, 8, 3, 5}, -3, 3, 4)},
        {}, last ? Layout::channels_last(4) : Layout{});
    batch.problem.epilogue_first = 5;
    batch.problem.expression = row.problem.expression;
    check(std::move(batch), "cuda.batch_normalization");
  }
}

}  // namespace
}  // namespace cermet
