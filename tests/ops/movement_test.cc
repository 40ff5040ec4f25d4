#include <limits>
#include <numeric>

#include "tests/ops/operator_case.h"

namespace cermet::testing {
namespace {

Tensor counting(Shape shape) {
  std::vector<int64_t> values(element_count(shape));
  std::iota(values.begin(), values.end(), 0);
  return ints(std::move(shape), values);
}

Attributes axis(int64_t value) { return with({{"axis", value}}); }

TEST(Movement, Permutes) {
  EXPECT_EQ(result("Transpose", {counting({2, 3})}), "[3, 2]: 0 3 1 4 2 5");
  EXPECT_EQ(result("Tile", {counting({1, 2}), ints({2, 2})}), "[2, 4]: 0 1 0 1 0 1 0 1");
  EXPECT_EQ(result("Expand", {counting({2, 1}), ints({3})}), "[2, 3]: 0 0 0 1 1 1");
  EXPECT_EQ(result("Transpose", {ints({}, {7})}), "[]: 7");
  EXPECT_EQ(result("Transpose", {ints({0, 3}, {})}), "[3, 0]:");
  EXPECT_THROW(
      result("Transpose", {counting({2, 3})}, with({{"perm", std::vector<int64_t>{0, 0}}})), Error);
}

TEST(Movement, MovesPackedElementsAndStrings) {
  const Tensor packed = Tensor::from<uint8_t>(ElementType::int4, {2, 3}, {0x10, 0x32, 0x54});
  EXPECT_EQ(result("Transpose", {packed}), "[3, 2]: 0 3 1 4 2 5");
  EXPECT_EQ(result("Gather", {packed, ints({}, {-1})}), "[3]: 3 4 5");
  const Tensor words = Tensor::from<std::string>(ElementType::string, {3}, {"a", "b", "c"});
  const auto reversed =
      evaluated("Slice", {words, ints({-1}), ints({-9}), ints({0}), ints({-2})})[0].tensor;
  ASSERT_EQ(reversed.shape(), Shape{2});
  EXPECT_EQ(reversed.as<std::string>()[0] + reversed.as<std::string>()[1], "ca");
}

TEST(Movement, SlicesLikeNumpy) {
  const auto slice = [](int64_t start, int64_t end, int64_t step) {
    return result("Slice", {counting({5}), ints({start}), ints({end}), ints({0}), ints({step})});
  };
  EXPECT_EQ(slice(1, 4, 2), "[2]: 1 3");
  EXPECT_EQ(slice(-2, 99, 1), "[2]: 3 4");
  EXPECT_EQ(slice(3, -99, -2), "[2]: 3 1");
  EXPECT_EQ(slice(3, 1, 1), "[0]:");
  EXPECT_EQ(slice(4, -99, std::numeric_limits<int64_t>::min() + 1), "[1]: 4");
  EXPECT_THROW(slice(0, 5, 0), Error);
  EXPECT_THROW(slice(0, 5, std::numeric_limits<int64_t>::min()), Error);
}

TEST(Movement, PadsAndCrops) {
  const auto pad = [](const char* mode, int64_t before, int64_t after) {
    return result("Pad", {counting({4}), ints({before, after}), ints({}, {9})},
                  with({{"mode", std::string(mode)}}));
  };
  EXPECT_EQ(pad("constant", 2, 1), "[7]: 9 9 0 1 2 3 9");
  EXPECT_EQ(pad("reflect", 3, 2), "[9]: 3 2 1 0 1 2 3 2 1");
  EXPECT_EQ(pad("reflect", -2, 1), "[3]: 2 3 2");
  EXPECT_THROW(pad("reflect", 4, 0), Error);
  EXPECT_THROW(pad("reflect", -2, 2), Error);
  EXPECT_EQ(pad("edge", 2, 1), "[7]: 0 0 0 1 2 3 3");
  EXPECT_EQ(pad("wrap", 1, 5), "[10]: 3 0 1 2 3 0 1 2 3 0");
  EXPECT_EQ(pad("constant", -1, 2), "[5]: 1 2 3 9 9");
  EXPECT_EQ(pad("edge", -1, 1), "[4]: 1 2 3 3");
  EXPECT_THROW(pad("edge", -3, -3), Error);
  EXPECT_THROW(pad("mirror", 1, 1), Error);
  EXPECT_THROW(
      pad("constant", std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()),
      Error);
  EXPECT_EQ(result("CenterCropPad", {ints({1, 2, 3}), ints({6})}), "[6]: 0 1 2 3 0 0");
  EXPECT_EQ(result("CenterCropPad", {ints({1, 2, 3, 4}), ints({1})}), "[1]: 2");
}

TEST(Movement, GathersAndRefusesWhatIsOutside) {
  EXPECT_EQ(result("Gather", {counting({2, 3}), ints({2, -3})}, axis(1)), "[2, 2]: 2 0 5 3");
  EXPECT_EQ(result("GatherElements", {counting({2, 2}), ints({1, 2}, {1, 0})}, axis(0)),
            "[1, 2]: 2 1");
  EXPECT_EQ(result("GatherND", {counting({2, 2, 2}), ints({2, 1}, {1, 0})},
                   with({{"batch_dims", int64_t{1}}})),
            "[2, 2]: 2 3 4 5");
  EXPECT_THROW(result("Gather", {counting({2}), ints({2})}), Error);
  EXPECT_THROW(result("Gather", {counting({2}), reals({1}, {0})}), Error);
  EXPECT_THROW(result("Gather", {counting({2}), ints({0})}, axis(1)), Error);
  EXPECT_THROW(result("GatherND", {counting({2}), ints({1}, {-3})}), Error);
  EXPECT_THROW(result("GatherElements", {counting({2, 2}), ints({1, 3}, {0, 0, 0})}), Error);
}

TEST(Movement, ScattersWithReductions) {
  const auto reduce = [](const char* reduction) {
    return result("ScatterElements", {counting({3}), ints({0, 0, -1}), ints({5, 7, 1})},
                  with({{"reduction", std::string(reduction)}}));
  };
  EXPECT_EQ(reduce("none"), "[3]: 7 1 1");
  EXPECT_EQ(reduce("add"), "[3]: 12 1 3");
  EXPECT_EQ(reduce("mul"), "[3]: 0 1 2");
  EXPECT_EQ(reduce("max"), "[3]: 7 1 2");
  EXPECT_EQ(reduce("min"), "[3]: 0 1 1");
  EXPECT_THROW(reduce("mean"), Error);
  EXPECT_EQ(result("ScatterND", {counting({2, 2}), ints({1, 1}, {1}), ints({1, 2}, {8, 9})}),
            "[2, 2]: 0 1 8 9");
  EXPECT_THROW(result("ScatterND", {counting({2, 2}), ints({1, 1}, {1}), ints({8})}), Error);
  EXPECT_EQ(result("TensorScatter", {counting({1, 3, 1}), ints({1, 2, 1}, {8, 9}), ints({2})},
                   with({{"mode", std::string("circular")}})),
            "[1, 3, 1]: 9 1 8");
}

TEST(Movement, SelectsByData) {
  const Tensor mask = Tensor::from<uint8_t>(ElementType::boolean, {2}, {0, 1});
  EXPECT_EQ(result("Compress", {counting({2, 2}), mask}, axis(1)), "[2, 1]: 1 3");
  EXPECT_EQ(result("NonZero", {ints({2, 2}, {0, 5, 6, 0})}), "[2, 2]: 0 1 1 0");
  EXPECT_EQ(result("NonZero", {ints({}, {3})}), "[0, 1]:");
  const auto unique = evaluated("Unique", {ints({3, 1, 3, 2})}, with({{"sorted", int64_t{0}}}), 4);
  EXPECT_EQ(load_all<int64_t>(unique[0].tensor.view()), (std::vector<int64_t>{3, 1, 2}));
  EXPECT_EQ(load_all<int64_t>(unique[1].tensor.view()), (std::vector<int64_t>{0, 1, 3}));
  EXPECT_EQ(load_all<int64_t>(unique[2].tensor.view()), (std::vector<int64_t>{0, 1, 0, 2}));
  EXPECT_EQ(load_all<int64_t>(unique[3].tensor.view()), (std::vector<int64_t>{2, 1, 1}));
}

TEST(Movement, FillsPatterns) {
  EXPECT_EQ(result("Trilu", {counting({2, 3}), ints({}, {1})}), "[2, 3]: 0 1 2 0 0 5");
  EXPECT_EQ(result("Trilu", {counting({2, 3})}, with({{"upper", int64_t{0}}})),
            "[2, 3]: 0 0 0 3 4 0");
  EXPECT_EQ(result("OneHot", {ints({1, -1, 7}), ints({}, {3}), ints({2, 5})}),
            "[3, 3]: 2 5 2 2 2 5 2 2 2");
  EXPECT_EQ(result("EyeLike", {counting({2, 3})}, with({{"k", int64_t{1}}})),
            "[2, 3]: 0 1 0 0 0 1");
  EXPECT_EQ(result("ConstantOfShape", {ints({2})}, with({{"value", ints({4})}})), "[2]: 4 4");
  EXPECT_THROW(result("ConstantOfShape", {ints({-2})}), Error);
}

}  // namespace
}  // namespace cermet::testing
