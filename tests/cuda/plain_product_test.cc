// Products of integers and of float64 on the GPU.
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

const Tactic& tactic() { return cuda_tactic("cuda.plain_product"); }

KernelCase product(ElementType type, const Shape& left, const Shape& right) {
  return kernel_case(ProblemKind::matmul, "MatMul",
                     {random_tensor(type, left), random_tensor(type, right, -3, 3, 2)});
}

TEST(CudaPlainProduct, MultipliesMatrices) {
  for (ElementType type : {float64, int32, uint32, int64, uint64}) {
    expect_same_on_device(product(type, {5, 7}, {7, 3}), tactic(), {1e-12, 1e-12});
    expect_same_on_device(product(type, {2, 1, 17, 33}, {3, 33, 18}), tactic(), {1e-12, 1e-12});
  }
  expect_same_on_device(product(int32, {0, 7}, {7, 3}), tactic());
  expect_same_on_device(product(float64, {4, 0}, {0, 3}), tactic());
}

KernelCase with_zeros(ElementType left, ElementType right, const Shape& left_zero,
                      const Shape& right_zero) {
  return kernel_case(
      ProblemKind::reference, "MatMulInteger",
      {random_tensor(left, {2, 19, 21}, 0, 100), random_tensor(right, {2, 21, 18}, 0, 100, 2),
       random_tensor(left, left_zero, 0, 100, 3), random_tensor(right, right_zero, 0, 100, 4)});
}

TEST(CudaPlainProduct, SubtractsZeroPoints) {
  for (ElementType left : {uint8, int8})
    for (ElementType right : {uint8, int8}) {
      expect_same_on_device(with_zeros(left, right, {}, {}), tactic());
      expect_same_on_device(with_zeros(left, right, {19}, {18}), tactic());
      expect_same_on_device(with_zeros(left, right, {2, 19, 1}, {2, 1, 18}), tactic());
    }
  KernelCase none = kernel_case(
      ProblemKind::reference, "MatMulInteger",
      {random_tensor(uint8, {3, 4}, 0, 100), random_tensor(int8, {4, 5}, -100, 100, 2)});
  expect_same_on_device(none, tactic());
}

TEST(CudaPlainProduct, ComputesAnEpilogue) {
  KernelCase what = product(float64, {3, 5}, {5, 6});
  add_epilogue(what, "%0 = input float64 0; %1 = input float64 1; %2 = add float64 %0 %1; -> %2");
  what.inputs.emplace_back(random_tensor(float64, {6}, -3, 3, 3));
  expect_same_on_device(what, tactic(), {1e-12, 1e-12});
}

}  // namespace
}  // namespace cermet
