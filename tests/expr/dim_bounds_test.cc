#include <gtest/gtest.h>

#include "expr/dim.h"

namespace cermet {
namespace {

using Ranges = std::map<std::string, Range, std::less<>>;

void expect_bounds(const Dim& dim, const Ranges& ranges, int64_t low, int64_t high) {
  const auto range = bounds(dim, ranges);
  ASSERT_TRUE(range) << dim.to_string();
  EXPECT_EQ(range->low, low) << dim.to_string();
  EXPECT_EQ(range->high, high) << dim.to_string();
}

TEST(DimBounds, Tight) {
  const Dim N = Dim::symbol("N");
  const Dim S = Dim::symbol("S");
  const Ranges ranges = {{"N", {1, 8}}, {"S", {-2, 3}}};
  expect_bounds(5, {}, 5, 5);
  expect_bounds(N, ranges, 1, 8);
  expect_bounds(2 * N + 1, ranges, 3, 17);
  expect_bounds(1 - N, ranges, -7, 0);
  expect_bounds(N * S, ranges, -16, 24);
  expect_bounds(floor_div(N, 2), ranges, 0, 4);
  expect_bounds(floor_div(S, N), ranges, -2, 3);
  expect_bounds(ceil_div(S, N), ranges, -2, 3);
  expect_bounds(modulo(N, 4), ranges, 0, 3);
  expect_bounds(modulo(N, 100), ranges, 1, 8);
  expect_bounds(modulo(S, N), ranges, 0, 7);
  expect_bounds(min(N, S), ranges, -2, 3);
  expect_bounds(max(N, S), ranges, 1, 8);
  expect_bounds(broadcast(N, Dim::symbol("M")), {{"N", {1, 8}}, {"M", {2, 2}}}, 2, 8);
  expect_bounds(broadcast(N, Dim::symbol("M")), {{"N", {1, 8}}, {"M", {0, 2}}}, 0, 8);
}

TEST(DimBounds, NothingWhereUnknown) {
  const Dim N = Dim::symbol("N");
  const Dim S = Dim::symbol("S");
  EXPECT_FALSE(bounds(N, {}));
  EXPECT_FALSE(bounds(min(N, S), {{"N", {1, 2}}}));
  EXPECT_FALSE(bounds(floor_div(N, S), {{"N", {1, 2}}, {"S", {0, 3}}}));
  EXPECT_FALSE(bounds(modulo(N, S), {{"N", {1, 2}}, {"S", {-1, 3}}}));
  EXPECT_FALSE(bounds(N * N, {{"N", {1, INT64_MAX}}}));
  EXPECT_FALSE(bounds(N + 1, {{"N", {1, INT64_MAX}}}));
}

}  // namespace
}  // namespace cermet
