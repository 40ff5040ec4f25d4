// Points of a tensor under another shape are those of the whole tensor under that shape.
#include "builder/reshaped_points.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/graph_maker.h"

namespace cermet::testing {
namespace {

void expect_same_points(const Shape& from, const Shape& to, int64_t points) {
  const auto elements = static_cast<size_t>(element_count(from));
  std::vector<int32_t> numbers(elements);
  for (size_t i = 0; i < elements; ++i) numbers[i] = static_cast<int32_t>(i);
  const Tensor tensor = Tensor::from(ElementType::int32, from, numbers);
  const Grid grid = sample_grid(to, points, 7);
  const ReshapedPoints reshaped(from, to, grid);
  const Tensor got = reshaped.of(at_grid(tensor.view(), reshaped.source()), shape_of(grid));
  const Tensor expected = at_grid(tensor.reshaped(to).view(), grid);
  ASSERT_EQ(got.shape(), expected.shape());
  for (int64_t i = 0; i < got.elements(); ++i)
    ASSERT_EQ(got.as<int32_t>()[i], expected.as<int32_t>()[i])
        << to_string(from) << " as " << to_string(to) << ", point " << i;
}

TEST(ReshapedPoints, AreThoseOfTheWholeTensor) {
  const std::vector<std::pair<Shape, Shape>> cases{{{4, 30, 48}, {4, 30, 3, 16}},
                                                   {{4, 30, 3, 16}, {4, 30, 48}},
                                                   {{6, 35}, {10, 21}},
                                                   {{1, 24, 1}, {24}},
                                                   {{24}, {1, 24, 1, 1}},
                                                   {{2, 3, 4, 5}, {120}},
                                                   {{120}, {2, 3, 4, 5}},
                                                   {{1, 1}, {}},
                                                   {{}, {1}},
                                                   {{7, 12, 5}, {7, 4, 15}}};
  for (const auto& [from, to] : cases)
    for (int64_t points : {1, 10, 60, 100000}) expect_same_points(from, to, points);
}

// A row of heads side by side needs those of its own columns, not all.
TEST(ReshapedPoints, TakeNoMoreThanTheirProduct) {
  const Grid wanted{{1}, {5, 9}, {2}, {0, 15}};
  const ReshapedPoints points({4, 30, 48}, {4, 30, 3, 16}, wanted);
  EXPECT_EQ(points.source(), (Grid{{1}, {5, 9}, {32, 47}}));
}

TEST(ReshapedPoints, OtherNumbersOfElementsAreRefused) {
  EXPECT_THROW(ReshapedPoints({2, 3}, {5}, {{0}}), Error);
}

}  // namespace
}  // namespace cermet::testing
