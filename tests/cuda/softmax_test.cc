// Softmax and its kin on the GPU.
#include <limits>

#include "base/scalar.h"
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

void check(const std::string& op, Tensor x, int64_t axis, const Layout& layout = {}) {
  Attributes attributes;
  attributes.set("axis", axis);
  const ElementType type = x.type();
  KernelCase what = kernel_case(ProblemKind::softmax, op, {std::move(x)}, attributes);
  what.layouts = what.output_layouts = {layout};
  Tolerance tolerance{2e-6, 1e-6};
  if (type == float64) tolerance = {1e-12, 1e-12};
  if (type == float16) tolerance = {1e-3, 1e-3};
  if (type == bfloat16) tolerance = {8e-3, 1e-3};
  expect_same_on_device(std::move(what), cuda_tactic("cuda.softmax"), tolerance);
}

TEST(CudaSoftmax, EveryAxis) {
  for (const char* op : {"Softmax", "LogSoftmax", "Hardmax"})
    for (int64_t axis : {0, 1, 2}) check(op, random_tensor(float32, {5, 33, 12}, -9, 9), axis);
  check("Softmax", random_tensor(float32, {7}), 0);
  check("Softmax", random_tensor(float32, {}), -1);
  check("Softmax", random_tensor(float32, {2, 3, 4, 5, 8}), 3);
  check("Softmax", random_tensor(float32, {2, 6, 4, 5}), 1, Layout::channels_last(4));
  check("Softmax", random_tensor(float32, {2, 6, 4, 5}), 3, Layout::channels_last(4));
}

TEST(CudaSoftmax, RowsOfManyLengths) {
  for (int64_t length : {1, 2, 31, 32, 64, 100, 768, 1000, 1024, 4096, 5001, 32768, 100003})
    check("Softmax", random_tensor(float32, {3, length}), -1);
  check("LogSoftmax", random_tensor(float32, {2, 70000}), -1);
}

TEST(CudaSoftmax, EveryType) {
  for (ElementType type : {float16, bfloat16, float64})
    for (int64_t axis : {0, 1}) {
      check("Softmax", random_tensor(type, {17, 72}), axis);
      check("LogSoftmax", random_tensor(type, {17, 72}), axis);
    }
}

TEST(CudaSoftmax, NothingNotANumberAndInfinity) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const char* op : {"Softmax", "LogSoftmax", "Hardmax"}) {
    check(op, Tensor(float32, {3, 0}), 1);
    check(op, Tensor(float32, {0, 3}), 1);
    check(op, Tensor(float32, {3, 0}), 0);
    for (int64_t axis : {0, 1})
      for (double odd : {std::nan(""), infinity, -infinity}) {
        Tensor x = random_tensor(float32, {40, 12});
        store_element<double>(x.view(), 0, odd);
        store_element<double>(x.view(), 3, odd);
        for (int64_t i = 24; i < 36; ++i) store_element<double>(x.view(), i, odd);
        check(op, x, axis);
      }
  }
}

TEST(CudaSoftmax, Epilogue) {
  for (int64_t axis : {0, 1}) {
    Attributes attributes;
    attributes.set("axis", axis);
    KernelCase what = kernel_case(
        ProblemKind::softmax, "Softmax",
        {random_tensor(float32, {6, 12}), random_tensor(float32, {6, 1}, 1, 3, 2)}, attributes);
    what.problem.epilogue_first = 1;
    what.problem.expression = ScalarExpr::parse(
        "%0 = input float32 0; %1 = input float32 1; %2 = mul float32 %0 %1; %3 = cast float16 %2; "
        "-> %3");
    expect_same_on_device(std::move(what), cuda_tactic("cuda.softmax"), {1e-3, 1e-4});
  }
}

}  // namespace
}  // namespace cermet
