// Running sums and products on the GPU.
#include "base/scalar.h"
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

KernelCase scan(const std::string& op, Tensor x, int64_t axis, int64_t exclusive = 0,
                int64_t reverse = 0) {
  Attributes attributes;
  attributes.set("exclusive", exclusive);
  attributes.set("reverse", reverse);
  KernelCase what =
      kernel_case(ProblemKind::reference, op,
                  {std::move(x), Tensor::from(int64, {}, std::vector<int64_t>{axis})}, attributes);
  what.constant = {false, true};
  return what;
}

void check(KernelCase what) {
  const ElementType type = what.inputs[0]->type();
  Tolerance tolerance{1e-5, 1e-4};
  if (type == float16 || type == bfloat16) tolerance = {1e-2, 2e-2};
  expect_same_on_device(std::move(what), cuda_tactic("cuda.scan"), tolerance);
}

TEST(CudaScan, EveryAxisAndDirection) {
  for (const char* op : {"CumSum", "CumProd"})
    for (int64_t axis : {0, 1, -1})
      for (int64_t exclusive : {0, 1})
        for (int64_t reverse : {0, 1})
          check(scan(op, random_tensor(float32, {3, 37, 5}, 0.5, 1.5), axis, exclusive, reverse));
}

TEST(CudaScan, LongLanes) {
  for (int64_t reverse : {0, 1}) {
    check(scan("CumSum", random_tensor(float32, {100003}), 0, 0, reverse));
    check(scan("CumSum", random_tensor(int32, {2, 30000}), 1, 1, reverse));
  }
}

TEST(CudaScan, EveryTypeAndNothing) {
  for (ElementType type : {float16, bfloat16, float64, int8, uint8, int64, uint64})
    for (int64_t axis : {0, 1}) check(scan("CumSum", random_tensor(type, {20, 33}, 0, 5), axis));
  check(scan("CumSum", Tensor(float32, {0, 3}), 0));
  check(scan("CumSum", Tensor(float32, {3, 0}), 0));
  check(scan("CumSum", Tensor(float32, {3, 0}), 1));
  Tensor odd = random_tensor(float32, {3, 40});
  store_element<double>(odd.view(), 50, std::nan(""));
  check(scan("CumSum", odd, 1));
  check(scan("CumSum", odd, 0));
}

}  // namespace
}  // namespace cermet
