// Scalar expressions on the GPU.
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

void check(std::string_view expression, std::vector<std::optional<Tensor>> inputs,
           Tolerance tolerance = {2e-6, 1e-6}) {
  expect_same_on_device(pointwise_case(expression, std::move(inputs)),
                        cuda_tactic("cuda.pointwise"), tolerance);
}

TEST(CudaPointwise, FlatShapesOfEverySize) {
  for (const Shape& shape : {Shape{1}, Shape{3}, Shape{4, 4}, Shape{1023}, Shape{2, 3, 5, 7},
                             Shape{70000}, Shape{0, 4}, Shape{}})
    check(
        "%0 = input float32 0; %1 = input float32 1; %2 = add float32 %0 %1; %3 = mul float32 %2 "
        "%1; -> %3",
        {random_tensor(float32, shape), random_tensor(float32, shape, -3, 3, 2)});
}

TEST(CudaPointwise, Broadcasts) {
  const std::vector<std::pair<Shape, Shape>> shapes{{{2, 3, 4, 8}, {3, 1, 1}},
                                                    {{2, 3, 4, 5}, {5}},
                                                    {{4, 1, 6}, {4, 7, 1}},
                                                    {{5, 8}, {1}},
                                                    {{5, 8}, {}},
                                                    {{1, 1}, {9, 16}},
                                                    {{2, 1, 3, 1}, {1, 4, 1, 8}},
                                                    {{0, 3}, {1, 3}}};
  for (const auto& [a, b] : shapes)
    check("%0 = input float32 0; %1 = input float32 1; %2 = sub float32 %0 %1; -> %2",
          {random_tensor(float32, a), random_tensor(float32, b, -3, 3, 2)});
}

TEST(CudaPointwise, EveryType) {
  for (ElementType type : {float32, float64, float16, bfloat16, int8, uint8, int16, uint16, int32,
                           uint32, int64, uint64})
    check(fmt::format("%0 = input {0} 0; %1 = input {0} 1; %2 = mul {0} %0 %1; %3 = max {0} %2 %0; "
                      "-> %3",
                      name(type)),
          {random_tensor(type, {5, 33}, 0, 9), random_tensor(type, {33}, 0, 9, 2)},
          {type == bfloat16 ? 8e-3 : 1e-3, 1e-6});
}

// From the smallest to the largest, each with both signs, and what is none.
Tensor numbers_of_all_sizes(ElementType type) {
  std::vector<double> values{0, INFINITY, NAN, 6e4};
  for (double x = 1e-30; x < 120; x *= x < 1e-7 ? 3.7 : 1.03) values.push_back(x);
  const size_t positive = values.size();
  for (size_t i = 0; i < positive; ++i) values.push_back(-values[i]);
  Tensor tensor(type, {static_cast<int64_t>(values.size())});
  for (size_t i = 0; i < values.size(); ++i)
    store_element<double>(tensor.view(), static_cast<int64_t>(i), values[i]);
  return tensor;
}

TEST(CudaPointwise, FunctionsOf16Bits) {
  for (ElementType type : {float16, bfloat16}) {
    // A unit in the last place, and what is subnormal in float32.
    const Tolerance tolerance =
        type == bfloat16 ? Tolerance{8e-3, 1.2e-38} : Tolerance{1e-3, 0x1p-24};
    for (const char* function : {"exp", "erf", "tanh", "sigmoid"})
      check(fmt::format("%0 = input {0} 0; %1 = {1} {0} %0; -> %1", name(type), function),
            {numbers_of_all_sizes(type)}, tolerance);
  }
}

TEST(CudaPointwise, DividesByConstants) {
  for (ElementType type : {float16, bfloat16})
    for (const char* divisor : {"1.4140625", "3", "-7", "0", "inf", "65504"})
      check(fmt::format("%0 = input {0} 0; %1 = constant {0} {1}; %2 = div {0} %0 %1; -> %2",
                        name(type), divisor),
            {numbers_of_all_sizes(type)}, {type == bfloat16 ? 8e-3 : 1e-3, 1e-7});
}

}  // namespace
}  // namespace cermet
