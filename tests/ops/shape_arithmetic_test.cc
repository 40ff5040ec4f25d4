#include <limits>
#include <utility>

#include "tests/ops/operator_case.h"

namespace cermet::testing {
namespace {

const Dim n = sym("N");
const Dim s = sym("S");
const int64_t far = std::numeric_limits<int64_t>::max();
const Attributes no_attributes;

TEST(ShapeArithmetic, ShapeAndSizeStateTheirContents) {
  EXPECT_EQ(inferred("Shape", {floats({n, 3, s})}), "int64[3] = [N, 3, S]");
  EXPECT_EQ(inferred("Shape", {floats({n, 3, s})}, with({{"start", int64_t{-2}}})),
            "int64[2] = [3, S]");
  EXPECT_EQ(inferred("Shape", {floats({n, 3})}, with({{"start", int64_t{5}}})), "int64[0] = []");
  EXPECT_EQ(inferred("Shape", {typed(ElementType::float32, std::nullopt)}), "int64[new0]");
  EXPECT_EQ(inferred("Size", {floats({2, 3})}), "int64[] = [6]");
}

TEST(ShapeArithmetic, VectorsKeepTheirElements) {
  const auto axes = known({0});
  EXPECT_EQ(inferred("Gather", {known({n, 3, s}), known_scalar(-1)}), "int64[] = [S]");
  EXPECT_EQ(inferred("Unsqueeze", {known_scalar(n), axes}), "int64[1] = [N]");
  EXPECT_EQ(inferred("Squeeze", {known({n}), axes}), "int64[] = [N]");
  EXPECT_EQ(inferred("Concat", {known({n}), known({-1, 4})}, with({{"axis", int64_t{0}}})),
            "int64[3] = [N, -1, 4]");
  EXPECT_EQ(inferred("Slice", {known({n, 3, s}), known({-1}), known({-far}), axes, known({-1})}),
            "int64[3] = [S, 3, N]");
  EXPECT_EQ(inferred("Slice", {known({n, 3, s}), known({1}), known({far})}), "int64[2] = [3, S]");
  EXPECT_EQ(inferred("Split", {known({n, 3, s}), known({1, 2})}, {}, 2),
            "int64[1] = [N]; int64[2] = [3, S]");
  EXPECT_EQ(inferred("Expand", {known({n}), known({3})}), "int64[3] = [N, N, N]");
  EXPECT_EQ(inferred("Reshape", {known({n, s}), known({-1})}), "int64[2] = [N, S]");
  EXPECT_EQ(inferred("Range", {known_scalar(0), known_scalar(3), known_scalar(1)}),
            "int64[3] = [0, 1, 2]");
}

TEST(ShapeArithmetic, ReshapeDividesExpressions) {
  EXPECT_EQ(inferred("Reshape", {floats({n, 3, 8}), known({0, -1})}), "float32[N, 24]");
  EXPECT_EQ(inferred("Reshape", {floats({n, s, 64}), known({n, s, 8, 8})}), "float32[N, S, 8, 8]");
  EXPECT_EQ(inferred("Reshape", {floats({n, s, 64}), known({-1, 64})}), "float32[N*S, 64]");
  EXPECT_EQ(inferred("Reshape", {floats({0, 4}), known({0, -1})}), "float32[0, 4]");
  EXPECT_EQ(inferred("Reshape", {floats({n, 4}), known({0, 3})}, with({{"allowzero", int64_t{1}}})),
            "float32[0, 3]");
  EXPECT_EQ(inferred("Reshape", {floats({n, 4}), typed(ElementType::int64, Dims{2})}),
            "float32[new0, new1]");
  EXPECT_THROW(inferred("Reshape", {floats({2, 4}), known({-1, 3})}), Error);
  EXPECT_THROW(inferred("Reshape", {floats({2, 4}), known({-1, -1})}), Error);
  EXPECT_THROW(inferred("Reshape", {floats({2, 4}), known({2, 5})}), Error);
  EXPECT_THROW(inferred("Reshape", {floats({2}), known({2, 0})}), Error);
}

TEST(ShapeArithmetic, SlicesOfUnknownSizes) {
  const auto slice = [&](Dim start, Dim end, int64_t step = 1) {
    return inferred("Slice", {floats({n}), known({std::move(start)}), known({std::move(end)}),
                              known({0}), known({step})});
  };
  EXPECT_EQ(slice(0, far), "float32[N]");
  EXPECT_EQ(slice(0, n), "float32[N]");
  EXPECT_EQ(slice(0, far, 2),
            inferred("Slice", {floats({n}), known({0}), known({n}), known({0}), known({2})}));
  EXPECT_EQ(slice(-1, -far, -1), "float32[N]");
}

// The size of a slice in which the symbol N is put after inference, or before it.
int64_t sliced(bool substituted, int64_t size, int64_t start, int64_t end, int64_t step) {
  InferContext context("Slice", no_attributes,
                       {floats({substituted ? Dim(size) : n}), known({start}), known({end}),
                        known({0}), known({step})},
                       1, [](std::string_view) { return Dim::symbol("unknown"); });
  op("Slice").infer(context);
  return context.outputs()[0].type.dims->front().evaluate({{"N", size}});
}

TEST(ShapeArithmetic, SymbolicSlicesAgreeWithConcreteOnes) {
  for (int64_t size : {0, 1, 2, 3, 7})
    for (int64_t start : {int64_t{-9}, int64_t{-2}, int64_t{-1}, int64_t{0}, int64_t{1}, far})
      for (int64_t end : {-far, int64_t{-8}, int64_t{-1}, int64_t{0}, int64_t{2}, far})
        for (int64_t step : {-3, -1, 1, 2})
          EXPECT_EQ(sliced(false, size, start, end, step), sliced(true, size, start, end, step))
              << size << ": " << start << " " << end << " " << step;
}

TEST(ShapeArithmetic, SizesThatMayHaveEitherSignStayUnknown) {
  EXPECT_EQ(inferred("Slice", {floats({8}), known({0}), known({n - s})}), "float32[new0]");
  EXPECT_EQ(inferred("Slice", {floats({8}), known({0}), known({n})}), "float32[min(8, N)]");
}

TEST(ShapeArithmetic, SplitsAndRanges) {
  EXPECT_EQ(inferred("Split", {floats({n * 3})}, with({{"num_outputs", int64_t{3}}}), 3),
            "float32[N]; float32[N]; float32[N]");
  EXPECT_EQ(inferred("Split", {floats({7})}, with({{"num_outputs", int64_t{3}}}), 3),
            "float32[3]; float32[3]; float32[1]");
  EXPECT_THROW(inferred("Split", {floats({7}), known({3, 3})}, {}, 2), Error);
  EXPECT_THROW(inferred("Split", {floats({7}), known({8, -1})}, {}, 2), Error);
  EXPECT_EQ(inferred("Range", {known_scalar(0), known_scalar(n), known_scalar(1)}), "int64[N]");
  EXPECT_EQ(inferred("ConstantOfShape", {known({n, 2})}), "float32[N, 2]");
  EXPECT_EQ(inferred("Expand", {floats({n, 1}), known({1, s})}), "float32[N, S]");
  EXPECT_EQ(inferred("Tile", {floats({n, 2}), known({1, s})}), "float32[N, 2*S]");
  EXPECT_EQ(inferred("Pad", {floats({n}), known({1, s})}), "float32[N+S+1]");
}

}  // namespace
}  // namespace cermet::testing
