#include "expr/contiguous_part.h"

#include <gtest/gtest.h>

namespace cermet {
namespace {

const Dim n = Dim::symbol("N");

// Where the part begins, as text; "-" where it lies in several pieces.
std::string place(const Dims& whole, const Dims& part, const Dims& start,
                  const Layout& layout = {}) {
  const auto offset = contiguous_part(whole, part, start, layout);
  return offset ? offset->to_string() : "-";
}

TEST(ContiguousPart, OfTheSlowestDimension) {
  EXPECT_EQ(place({6, 4}, {2, 4}, {3, 0}), "12");
  EXPECT_EQ(place({n * 2, 4}, {n, 4}, {n, 0}), "4*N");
}

TEST(ContiguousPart, BehindDimensionsOfSizeOne) {
  EXPECT_EQ(place({1, 6, 5}, {1, 2, 5}, {0, 4, 0}), "20");
  EXPECT_EQ(place({2, 6, 5}, {2, 2, 5}, {0, 4, 0}), "-");
  EXPECT_EQ(place({n, 6, 5}, {n, 2, 5}, {0, 4, 0}), "-") << "N may be 2";
}

TEST(ContiguousPart, OfOneIndexOfSlowerDimensions) {
  EXPECT_EQ(place({3, 6, 5}, {1, 2, 5}, {2, 4, 0}), "80");
  EXPECT_EQ(place({3, 6, n}, {1, 1, n}, {2, 4, 0}), "16*N");
}

TEST(ContiguousPart, FasterDimensionsHaveToBeWhole) {
  EXPECT_EQ(place({6, 4}, {2, 3}, {3, 0}), "-");
  EXPECT_EQ(place({6, n}, {2, Dim::symbol("M")}, {3, 0}), "-");
  EXPECT_EQ(place({6, 4}, {1, 3}, {3, 1}), "13");
}

TEST(ContiguousPart, FollowsTheLayout) {
  const Layout last = Layout::channels_last(4);
  EXPECT_EQ(place({1, 8, 3, 5}, {1, 4, 3, 5}, {0, 4, 0, 0}, last), "-");
  EXPECT_EQ(place({1, 8, 3, 5}, {1, 8, 2, 5}, {0, 0, 1, 0}, last), "40");
  EXPECT_EQ(place({2, 8, 3, 5}, {1, 8, 3, 5}, {1, 0, 0, 0}, last), "120");
  EXPECT_EQ(place({1, 32, 3, 5}, {1, 16, 3, 5}, {0, 16, 0, 0}, {{}, 1, 16}), "-")
      << "blocks are left alone";
}

TEST(ContiguousPart, OfAnotherRankIsNone) { EXPECT_EQ(place({6, 4}, {4}, {0}), "-"); }

}  // namespace
}  // namespace cermet
