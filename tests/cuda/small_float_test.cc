// Floats of 8 bits on the GPU: every code, and numbers of every size.
#include <cmath>

#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

constexpr ElementType small_floats[] = {float8e4m3fn, float8e4m3fnuz, float8e5m2, float8e5m2fnuz};

KernelCase cast_case(const Tensor& from, ElementType to, bool saturate) {
  return pointwise_case(fmt::format("%0 = input {} 0; %1 = cast {} %0{}; -> %1", name(from.type()),
                                    name(to), saturate ? "" : " wrap"),
                        {from});
}

Tensor all_codes(ElementType type) {
  Tensor tensor(type, {256});
  for (int code = 0; code < 256; ++code)
    static_cast<uint8_t*>(tensor.view().data)[code] = static_cast<uint8_t>(code);
  return tensor;
}

// Powers of two and what lies between them and around ties, of both signs.
Tensor numbers() {
  std::vector<double> values{0.0, -0.0, std::nan(""), INFINITY, -INFINITY};
  for (int exponent = -20; exponent < 20; ++exponent)
    for (double part : {1.0, 1.0625, 1.125, 1.1875, 1.25, 1.375, 1.5, 1.75, 1.875, 1.9375, 1.99})
      for (double sign : {1.0, -1.0}) values.push_back(sign * std::ldexp(part, exponent));
  return Tensor::from(float32, {static_cast<int64_t>(values.size())}, values);
}

TEST(CudaSmallFloat, DecodesEveryCode) {
  for (ElementType type : small_floats)
    expect_same_on_device(cast_case(all_codes(type), float32, true), cuda_tactic("cuda.pointwise"),
                          {0, 0});
}

TEST(CudaSmallFloat, RoundsAsTheReference) {
  for (ElementType type : small_floats)
    for (bool saturate : {true, false})
      expect_same_on_device(cast_case(numbers(), type, saturate), cuda_tactic("cuda.pointwise"),
                            {0, 0});
}

}  // namespace
}  // namespace cermet
