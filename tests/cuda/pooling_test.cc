// Pools on the GPU.
#include <limits>

#include "base/scalar.h"
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

struct PoolCase {
  Shape image;
  std::vector<int64_t> kernel, strides, pads, dilations;
  std::string auto_pad = "NOTSET";
  int64_t ceil = 0, include = 0;
};

const std::vector<PoolCase> cases{
    {{2, 8, 9, 7}, {3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}},
    {{2, 8, 9, 7}, {3, 2}, {1, 2}, {0, 1, 2, 0}, {2, 1}, "NOTSET", 1, 1},
    {{1, 6, 8, 8}, {2, 2}, {2, 2}, {}, {}, "SAME_UPPER"},
    {{1, 6, 7, 8}, {3, 3}, {2, 2}, {}, {1, 2}, "SAME_LOWER", 0, 1},
    {{2, 3, 20}, {4}, {3}, {1, 2}, {2}, "NOTSET", 1},
    {{1, 4, 5, 6, 7}, {2, 3, 2}, {2, 1, 3}, {1, 1, 0, 0, 1, 1}, {1, 2, 1}, "NOTSET", 1, 1},
    {{1, 5, 6, 6}, {3, 3}, {1, 1}, {}, {}, "VALID"},
    {{0, 5, 6, 6}, {3, 3}, {1, 1}, {}, {}},
};

KernelCase pool(const std::string& op, const PoolCase& c, ElementType type, bool last) {
  Attributes attributes;
  attributes.set("kernel_shape", c.kernel);
  attributes.set("strides", c.strides);
  if (!c.pads.empty()) attributes.set("pads", c.pads);
  if (!c.dilations.empty()) attributes.set("dilations", c.dilations);
  attributes.set("auto_pad", c.auto_pad);
  attributes.set("ceil_mode", c.ceil);
  if (op == "AveragePool") attributes.set("count_include_pad", c.include);
  if (op == "LpPool") attributes.set("p", int64_t{c.include + 2});
  KernelCase what =
      kernel_case(ProblemKind::pooling, op, {random_tensor(type, c.image)}, attributes);
  if (last) {
    const Layout layout = Layout::channels_last(static_cast<int>(c.image.size()));
    what.layouts = {layout};
    what.output_layouts = {layout, layout};
  }
  return what;
}

void check(KernelCase what) {
  const ElementType type = what.inputs[0]->type();
  expect_same_on_device(std::move(what), cuda_tactic("cuda.pooling"),
                        {type == float16 ? 1e-3 : 1e-5, 1e-5});
}

TEST(CudaPooling, EveryWindowAndLayout) {
  for (const char* op : {"MaxPool", "AveragePool", "LpPool"})
    for (const PoolCase& c : cases)
      for (bool last : {false, true}) check(pool(op, c, float32, last));
}

TEST(CudaPooling, EveryType) {
  for (bool last : {false, true}) {
    for (ElementType type : {float16, float64})
      for (const char* op : {"MaxPool", "AveragePool", "LpPool"})
        check(pool(op, cases[0], type, last));
    for (ElementType type : {int8, uint8, bfloat16}) check(pool("MaxPool", cases[0], type, last));
  }
}

TEST(CudaPooling, Places) {
  for (const PoolCase& c : cases)
    for (bool last : {false, true})
      for (int64_t order : {0, 1}) {
        KernelCase what = pool("MaxPool", c, float32, last);
        what.problem.attributes.set("storage_order", order);
        what.output_count = 2;
        check(std::move(what));
      }
}

TEST(CudaPooling, NotANumberAndInfinity) {
  for (const char* op : {"MaxPool", "AveragePool"})
    for (double odd : {std::nan(""), -std::numeric_limits<double>::infinity()}) {
      KernelCase what = pool(op, cases[0], float32, true);
      for (int64_t i : {0, 5, 6, 7, 70}) store_element<double>(what.inputs[0]->view(), i, odd);
      check(std::move(what));
    }
}

TEST(CudaPooling, Epilogue) {
  for (bool last : {false, true}) {
    KernelCase what = pool("AveragePool", cases[0], float32, last);
    what.inputs.push_back(random_tensor(float32, {8, 1, 1}, -3, 3, 2));
    what.problem.epilogue_first = 1;
    what.problem.expression = ScalarExpr::parse(
        "%0 = input float32 0; %1 = input float32 1; %2 = mul float32 %0 %1; -> %2");
    check(std::move(what));
  }
}

}  // namespace
}  // namespace cermet
