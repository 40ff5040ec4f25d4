// Reductions, global pools and places of extremes on the GPU.
#include <limits>

#include "base/scalar.h"
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

const std::vector<std::string> operators{
    "ReduceSum", "ReduceMean", "ReduceMax",    "ReduceMin",       "ReduceProd",
    "ReduceL1",  "ReduceL2",   "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare"};

Tolerance tolerance_of(ElementType type) {
  if (type == float16) return {2e-3, 1e-3};
  if (type == bfloat16) return {1e-2, 1e-2};
  if (type == float64) return {1e-12, 1e-12};
  return {1e-5, 1e-5};
}

KernelCase reduction(const std::string& op, Tensor x, const std::vector<int64_t>& axes,
                     bool keep = true) {
  Attributes attributes;
  attributes.set("keepdims", int64_t{keep});
  const Tensor list = Tensor::from(int64, {static_cast<int64_t>(axes.size())}, axes);
  KernelCase what = kernel_case(ProblemKind::reduction, op, {std::move(x), list}, attributes);
  what.constant = {false, true};
  return what;
}

void check(KernelCase what) {
  const ElementType type = what.inputs[0]->type();
  expect_same_on_device(std::move(what), cuda_tactic("cuda.reduction"), tolerance_of(type));
}

TEST(CudaReduction, EveryOperatorOverRowsAndColumns) {
  for (const std::string& op : operators)
    for (int64_t axis : {0, 1, 2})
      check(reduction(op, random_tensor(float32, {5, 33, 9}, 0.5, 1.5), {axis}));
}

TEST(CudaReduction, EverySetOfAxes) {
  for (const std::vector<int64_t>& axes : std::vector<std::vector<int64_t>>{
           {}, {0, 1}, {1, 3}, {0, 2}, {-1, -2}, {1, 2}, {0, 1, 2, 3}, {0, 3}, {0, 2, 3}})
    for (bool keep : {false, true})
      check(reduction("ReduceSum", random_tensor(float32, {3, 4, 5, 7}), axes, keep));
}

TEST(CudaReduction, EveryType) {
  for (ElementType type : {float16, bfloat16, float64, int8, uint32, int64})
    for (const char* op : {"ReduceSum", "ReduceMean", "ReduceMax"})
      for (int64_t axis : {0, 1}) check(reduction(op, random_tensor(type, {6, 40}, 0, 9), {axis}));
  for (const char* op : {"ReduceL2", "ReduceLogSumExp", "ReduceProd", "ReduceSumSquare"})
    check(reduction(op, random_tensor(int32, {6, 10}, 1, 4), {1}));
  check(reduction("ReduceMean", random_tensor(int8, {6, 10}, -9, 4), {1}));
  check(reduction("ReduceMax", random_tensor(boolean, {6, 10}, 0, 2), {1}));
}

TEST(CudaReduction, LongLanesAreCutIntoParts) {
  check(reduction("ReduceMean", random_tensor(float32, {100003}, 0, 1), {0}));
  check(reduction("ReduceLogSumExp", random_tensor(float32, {2, 70000}), {1}));
  check(reduction("ReduceMax", random_tensor(float16, {2, 70001}), {1}));
  check(reduction("ReduceSum", random_tensor(float32, {5000, 12}, 0, 1), {0}));
}

TEST(CudaReduction, NothingToReduceAndNoResults) {
  for (const std::string& op : operators) {
    check(reduction(op, Tensor(float32, {3, 0}), {1}));
    check(reduction(op, Tensor(float32, {0, 4}), {1}));
    check(reduction(op, Tensor(float32, {0, 4}), {0}));
    check(reduction(op, random_tensor(float32, {}, 1, 2), {}));
  }
  check(reduction("ReduceMean", Tensor(int32, {3, 0}), {1}));
  check(reduction("ReduceMin", Tensor(uint8, {3, 0}), {1}));
  check(reduction("ReduceL1", Tensor(float32, {3, 0}), {0}));
  KernelCase copies = reduction("ReduceSumSquare", random_tensor(float32, {3, 5}), {});
  copies.problem.attributes.set("noop_with_empty_axes", int64_t{1});
  check(std::move(copies));
}

TEST(CudaReduction, NotANumberAndInfinity) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (double odd : {std::nan(""), infinity, -infinity})
    for (const std::string& op : operators)
      for (int64_t axis : {0, 1}) {
        Tensor x = random_tensor(float32, {40, 12});
        store_element<double>(x.view(), 3, odd);
        for (int64_t i = 24; i < 36; ++i) store_element<double>(x.view(), i, odd);
        check(reduction(op, x, {axis}));
      }
}

TEST(CudaReduction, GlobalPoolsOfEitherLayout) {
  for (const char* op : {"GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"})
    for (ElementType type : {float32, float16})
      for (bool last : {false, true}) {
        Attributes attributes;
        if (std::string_view(op) == "GlobalLpPool") attributes.set("p", int64_t{3});
        KernelCase what = kernel_case(ProblemKind::pooling, op,
                                      {random_tensor(type, {2, 24, 7, 5}, 0, 2)}, attributes);
        if (last) what.layouts = what.output_layouts = {Layout::channels_last(4)};
        check(std::move(what));
      }
}

TEST(CudaReduction, PlacesOfExtremes) {
  for (const char* op : {"ArgMax", "ArgMin"})
    for (int64_t axis : {0, 1, 2})
      for (int64_t last : {0, 1})
        for (ElementType type : {float32, int8}) {
          Attributes attributes;
          attributes.set("axis", axis);
          attributes.set("keepdims", last);
          attributes.set("select_last_index", last);
          Tensor x = random_tensor(type, {4, 37, 6}, -2, 2);
          if (type == float32) {
            for (int64_t i = 0; i < x.elements(); i += 3) store_element<double>(x.view(), i, 1.5);
            store_element<double>(x.view(), 50, std::nan(""));
            store_element<double>(x.view(), 62, std::nan(""));
          }
          check(kernel_case(ProblemKind::reference, op, {x}, attributes));
        }
}

TEST(CudaReduction, Epilogue) {
  for (int64_t axis : {0, 1}) {
    KernelCase what = reduction("ReduceMean", random_tensor(float32, {6, 12}), {axis});
    what.inputs.emplace_back(random_tensor(float32, {axis == 0 ? 12 : 1}, -3, 3, 2));
    what.problem.epilogue_first = 2;
    what.problem.expression = ScalarExpr::parse(
        "%0 = input float32 0; %1 = input float32 1; %2 = mul float32 %0 %1; -> %2");
    check(std::move(what));
  }
}

}  // namespace
}  // namespace cermet
