// TopK on the GPU.
#include <limits>

#include "base/scalar.h"
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

void check(Tensor x, int64_t k, int64_t axis = -1, int64_t largest = 1) {
  Attributes attributes;
  attributes.set("axis", axis);
  attributes.set("largest", largest);
  KernelCase what =
      kernel_case(ProblemKind::reference, "TopK",
                  {std::move(x), Tensor::from(int64, {1}, std::vector<int64_t>{k})}, attributes);
  what.constant = {false, true};
  what.output_count = 2;
  expect_same_on_device(std::move(what), cuda_tactic("cuda.topk"), {0, 0});
}

TEST(CudaTopK, EveryAxisAndDirection) {
  for (int64_t largest : {0, 1})
    for (int64_t axis : {0, 1, 2}) {
      check(random_tensor(float32, {5, 33, 9}), 4, axis, largest);
      check(random_tensor(int32, {5, 33, 9}), 5, axis, largest);  // many equals
    }
  check(random_tensor(float32, {1}), 1);
  check(random_tensor(float32, {4, 10}), 10);
  check(random_tensor(float32, {4, 10}), 0);
  check(Tensor(float32, {0, 10}), 3);
  check(Tensor(float32, {10, 0}), 3, 0);
}

TEST(CudaTopK, EveryType) {
  for (ElementType type : {float16, bfloat16, float64, int8, uint8, int16, uint32, int64, uint64})
    for (int64_t largest : {0, 1}) check(random_tensor(type, {3, 50}, 0, 9), 7, -1, largest);
  check(random_tensor(int64, {3, 50}, -9, 9), 7);
  check(random_tensor(int8, {3, 50}, -9, 9), 7);
}

TEST(CudaTopK, LongLanes) {
  check(random_tensor(float32, {2, 1000}), 5);
  check(random_tensor(float32, {2, 20000}), 50);
  check(random_tensor(float16, {50000}), 300);  // many equals
  check(random_tensor(float64, {9000, 2}), 10, 0, 0);
  check(random_tensor(float32, {6000}), 5000);
}

TEST(CudaTopK, NotANumberInfinityAndZeros) {
  Tensor x = random_tensor(float32, {4, 20});
  for (int64_t i : {3, 7, 50}) store_element<double>(x.view(), i, std::nan(""));
  for (int64_t i : {4, 51})
    store_element<double>(x.view(), i, -std::numeric_limits<double>::infinity());
  for (int64_t i = 20; i < 30; ++i) store_element<double>(x.view(), i, i % 2 == 0 ? 0.0 : -0.0);
  for (int64_t largest : {0, 1}) {
    check(x, 20, -1, largest);
    check(x, 3, 0, largest);
  }
}

}  // namespace
}  // namespace cermet
