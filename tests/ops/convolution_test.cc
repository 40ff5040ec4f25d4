#include <numeric>

#include "ops/convolution/convolution.attrs.h"
#include "tests/ops/operator_case.h"

namespace cermet::testing {
namespace {

using Integers = std::vector<int64_t>;

// 1, 2, 3 ...
Tensor counting(Shape shape) {
  std::vector<float> values(element_count(shape));
  std::iota(values.begin(), values.end(), 1.0f);
  return reals(std::move(shape), values);
}

const Dim n = sym("N");
const Dim h = sym("H");
const Dim w = sym("W");

TEST(Convolution, SizesFollowSymbols) {
  const auto image = floats({n, 3, h, w});
  const auto weights = floats({8, 3, 3, 3});
  EXPECT_EQ(inferred("Conv", {image, weights}, with({{"pads", Integers{1, 1, 1, 1}}})),
            "float32[N, 8, H, W]");
  EXPECT_EQ(inferred("Conv", {image, weights},
                     with({{"auto_pad", "SAME_UPPER"}, {"strides", Integers{2, 1}}})),
            "float32[N, 8, (H+1)/2, W]");
  EXPECT_EQ(
      inferred("ConvTranspose", {image, floats({3, 8, 2, 2})}, with({{"strides", Integers{2, 2}}})),
      "float32[N, 8, 2*H, 2*W]");
  EXPECT_EQ(inferred("MaxPool", {image}, with({{"kernel_shape", Integers{2, 2}}}), 2),
            "float32[N, 3, H-1, W-1]; int64[N, 3, H-1, W-1]");
  EXPECT_EQ(inferred("GlobalAveragePool", {image}), "float32[N, 3, 1, 1]");
}

TEST(Convolution, UnknownRanksGiveWhatIsKnown) {
  const auto unknown = typed(ElementType::float32, std::nullopt);
  EXPECT_EQ(inferred("Conv", {unknown, floats({8, 3, 3})}), "float32[new0, 8, new1]");
  EXPECT_EQ(inferred("Conv", {floats({n, 3, h}), unknown}), "float32[new0, new1, new2]");
  EXPECT_EQ(inferred("Conv", {unknown, unknown}), "float32[?]");
}

TEST(Convolution, PaddingOfSameModesNeedsNoSizeAtStrideOne) {
  const auto attributes =
      ConvolutionAttributes::from(with({{"auto_pad", "SAME_LOWER"}}), Dims{4, 3});
  EXPECT_EQ(attributes.padding(h, 0).begin, Dim(2));
  EXPECT_EQ(attributes.padding(h, 0).end, Dim(1));
  EXPECT_EQ(attributes.padding(w, 1).total(), Dim(2));
}

TEST(Convolution, ComputesGroupsStridesAndPads) {
  EXPECT_EQ(result("Conv", {counting({1, 2, 3, 3}), counting({2, 1, 2, 2}), reals({2}, {1, -1})},
                   with({{"group", int64_t{2}},
                         {"strides", Integers{2, 2}},
                         {"pads", Integers{0, 0, 1, 1}}})),
            "[1, 2, 2, 2]: 38 22 24 10 318 164 181 89");
  EXPECT_EQ(result("Conv", {counting({1, 1, 5}), counting({1, 1, 2})},
                   with({{"auto_pad", "SAME_LOWER"}})),
            "[1, 1, 5]: 2 5 8 11 14");
  EXPECT_EQ(result("Conv", {counting({0, 1, 5}), counting({1, 1, 2})}), "[0, 1, 4]:");
}

TEST(Convolution, ComputesTransposed) {
  EXPECT_EQ(result("ConvTranspose", {counting({1, 1, 2, 2}), counting({1, 1, 2, 2})},
                   with({{"strides", Integers{2, 1}}, {"pads", Integers{0, 1, 0, 0}}})),
            "[1, 1, 4, 2]: 4 4 10 8 10 8 24 16");
  EXPECT_EQ(result("ConvTranspose", {counting({1, 1, 2}), counting({1, 1, 3})},
                   with({{"strides", Integers{2}}, {"output_shape", Integers{4}}})),
            "[1, 1, 4]: 2 5 4 6");
}

TEST(Convolution, DeformedByNothingIsAConvolution) {
  const Tensor offset(ElementType::float32, {1, 8, 2, 2});
  EXPECT_EQ(result("DeformConv", {counting({1, 1, 3, 3}), counting({1, 1, 2, 2}), offset}),
            result("Conv", {counting({1, 1, 3, 3}), counting({1, 1, 2, 2})}));
}

TEST(Convolution, RefusesHostileAttributes) {
  const auto image = floats({1, 4, 8, 8});
  const auto weights = floats({4, 2, 3, 3});
  const auto refuses = [&](const char* name, Attribute value) {
    EXPECT_THROW(inferred("Conv", {image, weights}, with({{name, value}, {"group", int64_t{2}}})),
                 Error)
        << name;
  };
  refuses("strides", Integers{0, 1});
  refuses("pads", Integers{-1, 0, 0, 0});
  refuses("pads", Integers{1, 1});
  refuses("dilations", Integers{int64_t{1} << 40, 1});
  refuses("kernel_shape", Integers{3, 2});
  refuses("auto_pad", "UPPER");
  EXPECT_THROW(inferred("Conv", {image, weights}), Error);
  EXPECT_THROW(inferred("Conv", {image, weights}, with({{"group", int64_t{0}}})), Error);
  EXPECT_THROW(inferred("Conv", {floats({1, 2, 1, 1}), floats({1, 2, 3, 3})}), Error);
}

TEST(Pooling, CeilModeLeavesOutWindowsInThePadding) {
  const auto pool = [](Attributes attributes, bool include) {
    attributes.set("count_include_pad", int64_t{include});
    return result("AveragePool", {counting({1, 1, 4})}, attributes);
  };
  const Attributes attributes = with({{"kernel_shape", Integers{3}},
                                      {"strides", Integers{2}},
                                      {"pads", Integers{1, 1}},
                                      {"ceil_mode", int64_t{1}}});
  EXPECT_EQ(pool(attributes, false), "[1, 1, 3]: 1.5 3 4");
  EXPECT_EQ(pool(attributes, true), "[1, 1, 3]: 1 3 2");
  EXPECT_EQ(result("MaxPool", {counting({1, 1, 2})},
                   with({{"kernel_shape", Integers{1}},
                         {"strides", Integers{2}},
                         {"pads", Integers{0, 0}},
                         {"ceil_mode", int64_t{1}}})),
            "[1, 1, 1]: 1");
}

TEST(Pooling, IndicesCountInEitherOrder) {
  Attributes attributes = with(
      {{"kernel_shape", Integers{2, 2}}, {"strides", Integers{2, 2}}, {"ceil_mode", int64_t{1}}});
  const auto indices = [&] {
    return load_all<int64_t>(
        evaluated("MaxPool", {counting({1, 1, 3, 3})}, attributes, 2)[1].tensor.view());
  };
  EXPECT_EQ(indices(), (Integers{4, 5, 7, 8}));
  attributes.set("storage_order", int64_t{1});
  EXPECT_EQ(indices(), (Integers{4, 7, 5, 8}));
}

TEST(Pooling, PoolsIntegersAndNorms) {
  const Tensor bytes = Tensor::from<int8_t>(ElementType::int8, {1, 1, 3}, {-128, -3, -7});
  EXPECT_EQ(result("MaxPool", {bytes}, with({{"kernel_shape", Integers{2}}})), "[1, 1, 2]: -3 -3");
  EXPECT_EQ(result("LpPool", {reals({1, 1, 4}, {3, -4, 6, 8})},
                   with({{"kernel_shape", Integers{2}}, {"strides", Integers{2}}})),
            "[1, 1, 2]: 5 10");
  EXPECT_EQ(result("GlobalLpPool", {reals({1, 1, 2}, {3, -4})}), "[1, 1, 1]: 5");
}

TEST(Pooling, UnpoolRefusesIndicesOutside) {
  const Attributes attributes = with({{"kernel_shape", Integers{2}}, {"strides", Integers{2}}});
  EXPECT_EQ(result("MaxUnpool", {counting({1, 1, 2}), ints({1, 1, 2}, {1, 2})}, attributes),
            "[1, 1, 4]: 0 1 2 0");
  EXPECT_THROW(result("MaxUnpool", {counting({1, 1, 2}), ints({1, 1, 2}, {1, 4})}, attributes),
               Error);
  EXPECT_THROW(result("MaxUnpool", {counting({1, 1, 2}), ints({1, 1, 2}, {-1, 0})}, attributes),
               Error);
}

TEST(Pooling, Col2ImAddsOverlaps) {
  EXPECT_EQ(result("Col2Im", {counting({1, 2, 3}), ints({1, 4}), ints({1, 2})}),
            "[1, 1, 1, 4]: 1 6 8 6");
  EXPECT_THROW(result("Col2Im", {counting({1, 2, 3}), ints({1, 5}), ints({1, 2})}), Error);
}

}  // namespace
}  // namespace cermet::testing
