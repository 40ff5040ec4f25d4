// Matrix products on the GPU.
#include <cstdlib>
#include <cstring>

#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

struct Kind {
  ElementType type;
  const char* tactic;
  Tolerance tolerance;
};
const std::vector<Kind> kinds{{float32, "cuda.gemm_fma", {1e-5, 1e-5}},
                              {float32, "cuda.gemm", {3e-3, 2e-2}},
                              {float16, "cuda.gemm", {2e-3, 2e-3}},
                              {bfloat16, "cuda.gemm", {1e-2, 1e-2}},
                              {float16, "cuda.gemm_warpgroup", {2e-3, 2e-3}},
                              {bfloat16, "cuda.gemm_warpgroup", {1e-2, 1e-2}}};

KernelCase product_case(std::string op, ElementType type, const Shape& a, const Shape& b,
                        Attributes attributes = {}, std::optional<Shape> c = {}) {
  std::vector<std::optional<Tensor>> inputs{random_tensor(type, a, -1, 1),
                                            random_tensor(type, b, -1, 1, 2)};
  if (c) inputs.emplace_back(random_tensor(type, *c, -1, 1, 3));
  return kernel_case(ProblemKind::matmul, std::move(op), std::move(inputs), std::move(attributes));
}

void check(KernelCase what, const Kind& kind) {
  expect_same_on_device(std::move(what), cuda_tactic(kind.tactic), kind.tolerance);
}

const char* const rectified_sum =
    "%0 = input {0} 0; %1 = input {0} 1; %2 = add {0} %0 %1; %3 = constant {0} 0; "
    "%4 = max {0} %2 %3; -> %4";

TEST(CudaGemm, MultipliesEverySize) {
  for (const Kind& kind : kinds)
    for (const auto& [m, n, k] : std::vector<std::array<int64_t, 3>>{
             {64, 64, 64}, {1, 1, 1}, {33, 40, 72}, {17, 31, 23}, {70, 66, 130}, {5, 100, 37}})
      for (bool constant : {false, true}) {
        KernelCase what = product_case("MatMul", kind.type, {m, k}, {k, n});
        what.constant = {false, constant};
        check(what, kind);
      }
}

TEST(CudaGemm, SplitsALongDepth) {
  for (const Kind& kind : kinds) {
    check(product_case("MatMul", kind.type, {20, 700}, {700, 24}), kind);
    KernelCase what = product_case("MatMul", kind.type, {9, 512}, {512, 17});
    add_epilogue(what, fmt::format(fmt::runtime(rectified_sum), name(kind.type)));
    what.inputs.emplace_back(random_tensor(kind.type, {9, 17}, -1, 1, 4));
    check(what, kind);
  }
}

TEST(CudaGemm, TurnsFactors) {
  for (const Kind& kind : kinds)
    for (bool a : {false, true})
      for (bool b : {false, true})
        for (const auto& [m, n, k] :
             std::vector<std::array<int64_t, 3>>{{40, 48, 56}, {35, 29, 51}}) {
          Attributes attributes;
          attributes.set("transA", int64_t{a});
          attributes.set("transB", int64_t{b});
          attributes.set("alpha", 0.5);
          attributes.set("beta", -2.0);
          const Shape left = a ? Shape{k, m} : Shape{m, k}, right = b ? Shape{n, k} : Shape{k, n};
          KernelCase what = product_case("Gemm", kind.type, left, right, attributes, Shape{n});
          what.constant = {false, b, true};
          check(what, kind);
        }
}

TEST(CudaGemm, AddsEveryShapeOfC) {
  for (const Kind& kind : kinds)
    for (const Shape& c : {Shape{24}, Shape{19, 24}, Shape{19, 1}, Shape{1, 24}, Shape{1}, Shape{}})
      check(product_case("Gemm", kind.type, {19, 16}, {16, 24}, {}, c), kind);
}

TEST(CudaGemm, BroadcastsBatches) {
  const std::vector<std::pair<Shape, Shape>> shapes{{{3, 10, 16}, {16, 24}},
                                                    {{2, 3, 10, 16}, {2, 3, 16, 24}},
                                                    {{10, 16}, {3, 16, 24}},
                                                    {{2, 1, 10, 16}, {3, 16, 8}},
                                                    {{4, 1, 16}, {4, 16, 8}},
                                                    {{1, 3, 10, 16}, {5, 1, 16, 8}},
                                                    {{16}, {16, 24}},
                                                    {{3, 10, 16}, {16}},
                                                    {{16}, {16}},
                                                    {{2, 3, 16}, {1, 1, 16, 8}},
                                                    {{16}, {3, 16, 8}},
                                                    {{2, 3, 7, 9}, {9, 11}}};
  for (const Kind& kind : kinds)
    for (const auto& [a, b] : shapes) check(product_case("MatMul", kind.type, a, b), kind);
}

TEST(CudaGemm, ReadsOperandsAsTheyLie) {
  for (const Kind& kind : kinds)
    for (int64_t size : {32, 21}) {
      KernelCase what = product_case("MatMul", kind.type, {2, 3, 40, size}, {2, 3, size, 24});
      what.layouts = {{{0, 2, 1, 3}}, {{0, 1, 3, 2}}};
      check(what, kind);
      what.layouts = {{{0, 1, 3, 2}}, {{0, 3, 1, 2}}};
      check(what, kind);
    }
}

TEST(CudaGemm, AppliesEpilogues) {
  for (const Kind& kind : kinds)
    for (const Shape& operand :
         {Shape{2, 21, 48}, Shape{48}, Shape{21, 1}, Shape{}, Shape{2, 1, 48}}) {
      KernelCase what = product_case("MatMul", kind.type, {2, 21, 32}, {32, 48});
      add_epilogue(what, fmt::format(fmt::runtime(rectified_sum), name(kind.type)));
      what.inputs.emplace_back(random_tensor(kind.type, operand, -1, 1, 4));
      check(what, kind);
    }
  KernelCase what = product_case("MatMul", float16, {13, 32}, {32, 48});
  add_epilogue(what,
               "%0 = input float16 0; %1 = cast float32 %0; %2 = input float32 1; "
               "%3 = mul float32 %1 %2; -> %3");
  what.inputs.emplace_back(random_tensor(float32, {13, 48}, -1, 1, 4));
  check(what, kinds[2]);
}

// Whether or not they are worth trying at these sizes.
TEST(CudaGemm, MultipliesByEveryTile) {
  Tactic halves = cuda_tactic("cuda.gemm"), tf32 = halves, fma = cuda_tactic("cuda.gemm_fma");
  halves.configurations = [](const TacticQuery&) {
    return std::vector<std::string>{"128x256x32 w2x4 s4 k1", "256x128x32 w4x2 s4 k2",
                                    "128x128x32 w2x2 s4 k1", "128x128x64 w2x2 s3 k1",
                                    "128x64x64 w2x2 s3 k3",  "64x128x64 w2x2 s3 k1",
                                    "64x64x64 w2x2 s4 k1",   "64x32x64 w2x2 s5 k1",
                                    "32x64x64 w2x2 s5 k1",   "32x32x64 w2x1 s6 k1"};
  };
  tf32.configurations = [](const TacticQuery&) {
    return std::vector<std::string>{"128x256x16 w2x4 s4 k1", "128x128x16 w2x2 s4 k2",
                                    "128x128x32 w2x2 s3 k1", "64x64x32 w2x2 s4 k1",
                                    "32x32x32 w2x1 s6 k1"};
  };
  fma.configurations = [](const TacticQuery&) {
    return std::vector<std::string>{"128x128x16 w4x2 s3 k1", "128x64x16 w4x1 s4 k2",
                                    "64x128x16 w2x2 s4 k1",  "64x64x16 w2x2 s4 k1",
                                    "64x32x32 w2x1 s3 k1",   "32x64x32 w2x2 s3 k1"};
  };
  Tactic warpgroup = cuda_tactic("cuda.gemm_warpgroup");
  warpgroup.configurations = [](const TacticQuery&) {
    return std::vector<std::string>{"128x256x64 w2x4 s4 k1",
                                    "256x128x64 w4x2 s4 k2",
                                    "192x128x64 w6x2 s4 k1",
                                    "128x128x64 w4x2 s3 k1",
                                    "64x256x64 w1x4 s4 k1",
                                    "64x64x64 w2x2 s6 k2",
                                    "64x32x64 w4x1 s6 k1",
                                    "128x256x64 w2x4 s4 k1 persistent",
                                    "192x128x64 w6x2 s4 k1 persistent",
                                    "192x128x64 w6x2 s4 k1 overlapped",
                                    "128x128x64 w4x2 s6 k1 overlapped"};
  };
  for (bool turned : {false, true}) {
    Attributes attributes;
    attributes.set("transA", int64_t{turned});
    attributes.set("transB", int64_t{!turned});
    const auto [a, b] = turned ? std::pair<Shape, Shape>{{136, 144}, {136, 264}}
                               : std::pair<Shape, Shape>{{144, 136}, {264, 136}};
    expect_same_on_device(product_case("Gemm", float16, a, b, attributes), halves, {2e-3, 4e-3});
    expect_same_on_device(product_case("Gemm", float16, a, b, attributes), warpgroup, {2e-3, 4e-3});
    expect_same_on_device(product_case("Gemm", float32, a, b, attributes), tf32, {3e-3, 3e-2});
    expect_same_on_device(product_case("Gemm", float32, a, b, attributes), fma, {1e-5, 2e-5});
  }
}

// More tiles than blocks of threads are there at once, by what 132 multiprocessors have: the first
// ones compute two. Stages are so many that a multiprocessor has one block.
TEST(CudaGemm, GoesOnFromTileToTile) {
  Tactic once = cuda_tactic("cuda.gemm_warpgroup"), persistent = once, overlapped = once;
  once.configurations = [](const TacticQuery&) {
    return std::vector<std::string>{"64x32x64 w4x1 s12 k1"};
  };
  persistent.configurations = [](const TacticQuery&) {
    return std::vector<std::string>{"64x32x64 w4x1 s12 k1 persistent"};
  };
  overlapped.configurations = [](const TacticQuery&) {
    return std::vector<std::string>{"64x32x64 w4x1 s12 k1 overlapped"};
  };
  for (const int64_t depth : {40, 136}) {
    KernelCase what = product_case("MatMul", float16, {20, 61, depth}, {20, depth, 200});
    add_epilogue(what, fmt::format(fmt::runtime(rectified_sum), "float16"));
    what.inputs.emplace_back(random_tensor(float16, {200}, -1, 1, 4));
    for (const Tactic& tactic : {persistent, overlapped}) {
      expect_same_on_device(what, tactic, {2e-3, 4e-3});
      const std::vector<std::pair<ElementType, Shape>> results{{float16, {20, 61, 200}}};
      if (std::getenv("CERMET_COMPILE_FOR") != nullptr) continue;
      const Tensor some = run_on_device(what, tactic, results)[0],
                   others = run_on_device(what, once, results)[0];
      EXPECT_EQ(std::memcmp(some.data(), others.data(), some.bytes()), 0);
    }
  }
}

TEST(CudaGemm, SizesOfZero) {
  for (const Kind& kind : kinds) {
    check(product_case("MatMul", kind.type, {0, 8}, {8, 16}), kind);
    check(product_case("MatMul", kind.type, {8, 0}, {0, 16}), kind);
    check(product_case("MatMul", kind.type, {0, 8, 4}, {4, 16}), kind);
  }
}

TEST(CudaGemv, MultipliesFewRows) {
  for (const auto& [type, tolerance] : std::vector<std::pair<ElementType, Tolerance>>{
           {float32, {1e-5, 1e-5}}, {float16, {2e-3, 2e-3}}, {bfloat16, {1e-2, 1e-2}}}) {
    const Kind kind{type, "cuda.gemv", tolerance};
    for (const auto& [m, n, k] : std::vector<std::array<int64_t, 3>>{{1, 33, 300},
                                                                     {1, 40, 2048},
                                                                     {3, 17, 21},
                                                                     {8, 9, 64},
                                                                     {16, 5, 40},
                                                                     {1, 1, 1},
                                                                     {1, 8, 0}})
      for (bool turned : {false, true}) {
        Attributes attributes;
        attributes.set("transB", int64_t{turned});
        KernelCase what = product_case("Gemm", type, {m, k}, turned ? Shape{n, k} : Shape{k, n},
                                       attributes, Shape{n});
        what.constant = {false, !turned || n % 2 == 0, true};
        add_epilogue(what, fmt::format(fmt::runtime(rectified_sum), name(type)));
        what.inputs.emplace_back(random_tensor(type, {m, n}, -1, 1, 4));
        check(what, kind);
      }
  }
}

TEST(CudaGemv, BroadcastsBatches) {
  const Kind kind{float16, "cuda.gemv", {2e-3, 2e-3}};
  for (const auto& [a, b] : std::vector<std::pair<Shape, Shape>>{{{3, 2, 16}, {3, 16, 24}},
                                                                 {{2, 16}, {3, 16, 24}},
                                                                 {{2, 1, 3, 20}, {3, 20, 8}},
                                                                 {{16}, {16, 5}}}) {
    KernelCase what = product_case("MatMul", float16, a, b);
    what.constant = {false, true};
    check(what, kind);
  }
  KernelCase what = product_case("MatMul", float16, {2, 3, 4, 40}, {2, 3, 40, 24});
  what.layouts = {{}, {{0, 1, 3, 2}}};
  check(what, kind);
}

TEST(CudaGemm, SaysWhatItRejects) {
  const Tactic& tactic = cuda_tactic("cuda.gemm");
  EXPECT_EQ(rejection(product_case("MatMul", int32, {4, 4}, {4, 4}), tactic),
            "products of int32 are not computed");
  EXPECT_EQ(
      rejection(product_case("MatMul", float16, {4, 4}, {4, 4}), cuda_tactic("cuda.gemm_fma")),
      "computes float32 only");
}

}  // namespace
}  // namespace cermet
