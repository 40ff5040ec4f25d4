// Elements read, written and filled by indices, on the GPU.
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

const std::vector<ElementType> widths{uint8, float16, float32, float64};

KernelCase of(std::string op, std::vector<std::optional<Tensor>> inputs, Attributes attributes = {},
              ProblemKind kind = ProblemKind::reference) {
  return kernel_case(kind, std::move(op), std::move(inputs), std::move(attributes));
}

Attributes one(std::string_view name, Attribute value) {
  Attributes attributes;
  attributes.set(name, std::move(value));
  return attributes;
}

void check(KernelCase what, std::string_view tactic, Tolerance tolerance = {0, 0}) {
  expect_same_on_device(std::move(what), cuda_tactic(tactic), tolerance);
}

TEST(CudaGather, Gather) {
  for (ElementType type : widths)
    for (ElementType index : {int32, int64})
      for (int64_t axis : {0, 1, -1})
        check(of("Gather",
                 {random_tensor(type, {5, 5, 8}, 0, 100), random_tensor(index, {3, 7}, -5, 5)},
                 one("axis", axis), ProblemKind::movement),
              "cuda.gather");
  check(of("Gather", {random_tensor(float32, {4}), random_tensor(int64, {}, 0, 4)}, {},
           ProblemKind::movement),
        "cuda.gather");
  check(of("Gather", {random_tensor(float32, {4, 0}), random_tensor(int64, {2}, 0, 4)}, {},
           ProblemKind::movement),
        "cuda.gather");
}

TEST(CudaGather, ConstantIndices) {
  KernelCase what =
      of("Gather", {random_tensor(float32, {4, 3}), Tensor::from<int64_t>(int64, {2}, {1, 3})},
         one("axis", int64_t{0}), ProblemKind::movement);
  what.constant = {false, true};
  EXPECT_EQ(rejection(what, cuda_tactic("cuda.gather")), "");
  what.inputs[0] = random_tensor(float32, {5, 3});
  check(what, "cuda.gather");
}

TEST(CudaGather, GatherElements) {
  for (ElementType type : widths)
    for (int64_t axis : {0, 1, -1}) {
      check(of("GatherElements",
               {random_tensor(type, {6, 6, 6}, 0, 100), random_tensor(int64, {6, 6, 6}, -6, 6)},
               one("axis", axis)),
            "cuda.gather");
      check(of("GatherElements",
               {random_tensor(type, {6, 5, 7}, 0, 100), random_tensor(int32, {4, 3, 2}, -5, 5)},
               one("axis", axis)),
            "cuda.gather");
    }
}

TEST(CudaGather, GatherND) {
  for (ElementType type : widths) {
    check(of("GatherND",
             {random_tensor(type, {4, 3, 8}, 0, 100), random_tensor(int64, {5, 1}, -4, 4)}),
          "cuda.gather");
    check(of("GatherND",
             {random_tensor(type, {4, 3, 8}, 0, 100), random_tensor(int64, {2, 5, 2}, -3, 3)}),
          "cuda.gather");
    check(of("GatherND",
             {random_tensor(type, {4, 3, 8}, 0, 100), random_tensor(int64, {4, 5, 1}, -3, 3)},
             one("batch_dims", int64_t{1})),
          "cuda.gather");
  }
}

TEST(CudaGather, ReverseSequence) {
  for (ElementType type : widths)
    for (int64_t batch : {0, 1}) {
      Attributes attributes = one("batch_axis", batch);
      attributes.set("time_axis", 1 - batch);
      check(
          of("ReverseSequence",
             {random_tensor(type, {5, 5, 6}, 0, 100), random_tensor(int64, {5}, 0, 6)}, attributes),
          "cuda.gather");
    }
}

TEST(CudaGather, ScatterElements) {
  for (const char* reduction : {"none", "add", "mul", "min", "max"})
    for (ElementType type : {float32, float16, int8, int64})
      for (int64_t axis : {type == int8 ? 1 : 0}) {
        Attributes attributes = one("axis", axis);
        attributes.set("reduction", std::string(reduction));
        check(of("ScatterElements",
                 {random_tensor(type, {5, 6}), random_tensor(int64, {4, 5}, -5, 5),
                  random_tensor(type, {4, 5}, -3, 3, 2)},
                 attributes),
              "cuda.scatter");
      }
}

TEST(CudaGather, ScatterND) {
  for (const char* reduction : {"none", "add", "mul", "min", "max"})
    for (ElementType type : {float32, bfloat16, uint8, int32}) {
      const Attributes attributes = one("reduction", std::string(reduction));
      check(of("ScatterND",
               {random_tensor(type, {6, 4, 3}), random_tensor(int64, {9, 1}, -6, 6),
                random_tensor(type, {9, 4, 3}, -3, 3, 2)},
               attributes),
            "cuda.scatter");
      check(of("ScatterND",
               {random_tensor(type, {3, 3}), random_tensor(int64, {100, 2}, 0, 3),
                random_tensor(type, {100}, -3, 3, 2)},
               attributes),
            "cuda.scatter");
    }
  check(of("ScatterND", {random_tensor(float32, {3, 3}), random_tensor(int64, {0, 1}, 0, 3),
                         random_tensor(float32, {0, 3})}),
        "cuda.scatter");
}

TEST(CudaGather, TensorScatter) {
  for (ElementType type : widths)
    for (const char* mode : {"linear", "circular"}) {
      const bool circular = std::string(mode) == "circular";
      check(of("TensorScatter",
               {random_tensor(type, {3, 2, 7, 8}, 0, 100), random_tensor(type, {3, 2, 3, 8}, 0, 9),
                Tensor::from<int64_t>(int64, {3}, {0, 4, circular ? 19 : 2})},
               one("mode", std::string(mode))),
            "cuda.tensor_scatter");
    }
  check(of("TensorScatter",
           {random_tensor(float32, {2, 5, 3}), random_tensor(float32, {2, 2, 3}, 5, 9)}),
        "cuda.tensor_scatter");
}

TEST(CudaFill, OneHot) {
  for (ElementType type : {int64, int32, uint8, float32})
    for (int64_t axis : {0, 1, -1}) {
      KernelCase what =
          of("OneHot",
             {random_tensor(type, {3, 5}, type == uint8 ? 0 : -9, 9),
              Tensor::from<int64_t>(int64, {}, {7}), Tensor::from<float>(float32, {2}, {-1, 2})},
             one("axis", axis));
      what.constant = {false, true, false};
      check(what, "cuda.fill");
    }
}

TEST(CudaFill, Trilu) {
  for (ElementType type : widths)
    for (int64_t upper : {0, 1})
      for (int64_t k : {-9, -1, 0, 2, 40})
        check(of("Trilu",
                 {random_tensor(type, {2, 6, 8}, 1, 100), Tensor::from<int64_t>(int64, {}, {k})},
                 one("upper", upper)),
              "cuda.fill");
  check(of("Trilu", {random_tensor(float32, {5, 7})}), "cuda.fill");
}

TEST(CudaFill, EyeLikeAndRangeAndConstants) {
  for (ElementType type : {float32, float16, int64, uint8})
    for (int64_t k : {-2, 0, 3, 100})
      check(of("EyeLike", {random_tensor(type, {5, 6})}, one("k", k)), "cuda.fill");
  for (ElementType type : {float32, float64, int32, int64}) {
    KernelCase what = of("Range", {random_tensor(type, {}, 2, 3), random_tensor(type, {}, 90, 91),
                                   random_tensor(type, {}, 3, 4)});
    check(what, "cuda.fill", {1e-6, 1e-6});
  }
  for (ElementType type : {float32, float16, int64, uint8}) {
    KernelCase what = of("ConstantOfShape", {Tensor::from<int64_t>(int64, {2}, {5, 13})},
                         one("value", random_tensor(type, {1}, 2, 9)));
    what.constant = {true};
    check(what, "cuda.fill");
  }
}

}  // namespace
}  // namespace cermet
