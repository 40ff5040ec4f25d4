// Layouts as text, and parts of wider rows.
#include "expr/layout.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "expr/relayout.h"
#include "tests/support/graph_maker.h"

namespace cermet::testing {
namespace {

Layout pitched(std::vector<int8_t> order, int8_t row_dims, int64_t pitch) {
  Layout layout;
  layout.order = std::move(order);
  layout.row_dims = row_dims;
  layout.pitch = pitch;
  return layout;
}

TEST(Layout, IsReadAsItIsWritten) {
  Layout blocked;
  blocked.order = {0, 1, 2, 3};
  blocked.block_axis = 1;
  blocked.block = 16;
  for (const Layout& layout :
       {Layout{}, Layout::channels_last(4), blocked, pitched({}, 1, 2304), pitched({1, 0}, 2, 7)})
    EXPECT_EQ(Layout::parse(layout.to_string()), layout) << layout.to_string();
  EXPECT_EQ(pitched({1, 0}, 2, 7).to_string(), "10p2x7");
  for (const char* text : {"p", "p1", "p0x4", "p1x0", "p1x-4", "p17x4", "p1x4x", "01p1x4b0x2",
                           "0132b1x16x", "b1x2000", "b-1x4", "00", "02", "p1x99999999999999999999"})
    EXPECT_THROW(Layout::parse(text), Error) << text;
}

TEST(Layout, StepsOverTheRestOfWiderRows) {
  EXPECT_EQ(strides({2, 5, 4}, pitched({}, 1, 12)), (std::vector<int64_t>{60, 12, 1}));
  EXPECT_EQ(strides({2, 5, 4}, pitched({}, 2, 30)), (std::vector<int64_t>{30, 4, 1}));
  EXPECT_EQ(strides({2, 5, 4}, pitched({1, 0, 2}, 1, 9)), (std::vector<int64_t>{9, 18, 1}));
  EXPECT_FALSE(pitched({}, 1, 12).is_row_major());
}

TEST(Layout, EndsWithTheLastRow) {
  EXPECT_EQ(byte_size(ElementType::float32, {2, 5, 4}, pitched({}, 1, 12)), 4u * (9 * 12 + 4));
  EXPECT_EQ(byte_size(ElementType::float16, {2, 5, 4}, pitched({}, 2, 30)), 2u * (30 + 20));
  EXPECT_EQ(byte_size(ElementType::float16, {2, 0, 4}, pitched({}, 1, 30)), 0u);
  EXPECT_EQ(byte_size(ElementType::float16, {2, 5, 0}, pitched({}, 1, 30)), 0u);
  EXPECT_THROW(byte_size(ElementType::float32, {2, 5, 4}, pitched({}, 1, 3)), Error);
  EXPECT_THROW(byte_size(ElementType::float32, {1LL << 31, 1, 4}, pitched({}, 1, 1LL << 32)),
               Error);
}

TEST(Layout, RowsAreSpreadAndGathered) {
  const Tensor dense = ramp(ElementType::float32, {3, 2, 4});
  for (const Layout& layout : {pitched({}, 1, 7), pitched({}, 2, 11)}) {
    const Tensor spread = relayout(dense, Layout{}, layout);
    EXPECT_EQ(spread.bytes(), byte_size(ElementType::float32, dense.shape(), layout));
    const Tensor back = gathered_rows(static_cast<const std::byte*>(spread.data()),
                                      ElementType::float32, dense.shape(), layout);
    EXPECT_EQ(std::memcmp(back.data(), dense.data(), dense.bytes()), 0);
  }
  const Tensor turned = relayout(dense, Layout{}, pitched({1, 0, 2}, 1, 5));
  const auto* at = turned.as<float>();
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t j = 0; j < 2; ++j)
      for (int64_t e = 0; e < 4; ++e)
        EXPECT_EQ(at[(j * 3 + i) * 5 + e], dense.as<float>()[(i * 2 + j) * 4 + e]);
}

}  // namespace
}  // namespace cermet::testing
