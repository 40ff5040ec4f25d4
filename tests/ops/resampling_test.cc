#include <numeric>

#include "ops/convolution/resize.attrs.h"
#include "tests/ops/operator_case.h"

namespace cermet::testing {
namespace {

Tensor counting(Shape shape) {
  std::vector<float> values(element_count(shape));
  std::iota(values.begin(), values.end(), 1.0f);
  return reals(std::move(shape), values);
}

// A float constant as an operand of inference.
InferContext::Input constant(const Tensor& tensor) {
  return {ValueType::tensor(tensor.type(), to_dims(tensor.shape())), tensor.view(), std::nullopt};
}

const Dim n = sym("N");
const Dim h = sym("H");

TEST(Resize, SizesFollowSymbols) {
  const auto image = floats({n, 3, h, 10});
  const Tensor scales = reals({4}, {1, 1, 1.5, 0.7f});
  EXPECT_EQ(inferred("Resize", {image, {}, constant(scales)}), "float32[N, 3, H+H/2, 7]");
  EXPECT_EQ(inferred("Resize", {image, {}, {}, known({n, 3, h * 2, 5})}), "float32[N, 3, 2*H, 5]");
  EXPECT_EQ(inferred("Resize", {image, {}, floats({4})}), "float32[new0, new1, new2, new3]");
  EXPECT_EQ(inferred("Resize", {image, {}, {}, known({6, 5})},
                     with({{"axes", std::vector<int64_t>{-1, -2}}})),
            "float32[N, 3, 5, 6]");
  EXPECT_EQ(inferred("Resize", {floats({1, 1, 4, 8}), {}, {}, known({6, 6})},
                     with({{"axes", std::vector<int64_t>{2, 3}},
                           {"keep_aspect_ratio_policy", "not_larger"}})),
            "float32[1, 1, 3, 6]");
  EXPECT_THROW(inferred("Resize", {image}), Error);
  EXPECT_THROW(inferred("Resize", {image, {}, {}, known({6})}), Error);
}

TEST(Resize, Interpolates) {
  EXPECT_EQ(result("Resize", {counting({1, 1, 2, 2}), {}, reals({4}, {1, 1, 2, 2})},
                   with({{"mode", "linear"}})),
            "[1, 1, 4, 4]: 1 1.25 1.75 2 1.5 1.75 2.25 2.5 2.5 2.75 3.25 3.5 3 3.25 3.75 4");
  const Tensor bytes = Tensor::from<uint8_t>(ElementType::uint8, {2}, {0, 255});
  EXPECT_EQ(result("Resize", {bytes, {}, {}, ints({4})}, with({{"mode", "cubic"}})),
            "[4]: 0 58 197 255");
}

TEST(Resize, NearestMovesAnyElements) {
  const Tensor words = Tensor::from<std::string>(ElementType::string, {2}, {"a", "b"});
  const Tensor moved =
      evaluated(
          "Resize", {words, {}, {}, ints({3})},
          with({{"nearest_mode", "floor"}, {"coordinate_transformation_mode", "asymmetric"}}))[0]
          .tensor;
  ASSERT_EQ(moved.shape(), Shape{3});
  EXPECT_EQ(moved.as<std::string>()[1] + moved.as<std::string>()[2], "ab");
  EXPECT_EQ(result("Resize", {counting({0}), {}, {}, ints({0})}), "[0]:");
  EXPECT_THROW(result("Resize", {counting({0}), {}, {}, ints({2})}), Error);
}

TEST(Resize, NearestIsFreeOfTheScalesRounding) {
  ResizeAttributes attributes;
  attributes.transform = CoordinateTransform::asymmetric;
  attributes.nearest = NearestMode::floor;
  const ResizeTable table = resize_table(attributes, {7, 4, static_cast<double>(0.6f)});
  EXPECT_EQ(table.indices, (std::vector<int64_t>{0, 1, 3, 5}));
}

TEST(GridSample, MeetsTheBorder) {
  const Tensor grid = reals({1, 1, 3, 2}, {0, 0, -1, 1, 2, 2});
  const auto sample = [&](const char* border) {
    return result("GridSample", {counting({1, 1, 2, 2}), grid}, with({{"padding_mode", border}}));
  };
  EXPECT_EQ(sample("border"), "[1, 1, 1, 3]: 2.5 3 4");
  EXPECT_EQ(sample("zeros"), "[1, 1, 1, 3]: 2.5 0.75 0");
  EXPECT_THROW(sample("wrap"), Error);
  const Tensor nowhere = reals({1, 1, 1, 2}, {NAN, 1e30f});
  EXPECT_EQ(result("GridSample", {counting({1, 1, 2, 2}), nowhere}), "[1, 1, 1, 1]: 0");
}

TEST(AffineGrid, IdentityNamesEveryPlace) {
  EXPECT_EQ(result("AffineGrid", {reals({1, 2, 3}, {1, 0, 0, 0, 1, 0}), ints({1, 1, 2, 2})},
                   with({{"align_corners", int64_t{1}}})),
            "[1, 2, 2, 2]: -1 -1 1 -1 -1 1 1 1");
}

TEST(Regions, PoolRectangles) {
  const Attributes size = with({{"output_height", int64_t{2}},
                                {"output_width", int64_t{2}},
                                {"sampling_ratio", int64_t{1}}});
  EXPECT_EQ(
      result("RoiAlign", {counting({1, 1, 4, 4}), reals({1, 4}, {0, 0, 4, 4}), ints({0})}, size),
      "[1, 1, 2, 2]: 3.5 5.5 11.5 13.5");
  EXPECT_THROW(
      result("RoiAlign", {counting({1, 1, 4, 4}), reals({1, 4}, {0, 0, 4, 4}), ints({1})}, size),
      Error);
  EXPECT_EQ(result("MaxRoiPool", {counting({1, 1, 4, 4}), reals({1, 5}, {0, 0, 0, 2, 2})},
                   with({{"pooled_shape", std::vector<int64_t>{2, 2}}})),
            "[1, 1, 2, 2]: 6 7 10 11");
}

TEST(Regions, SuppressesOverlaps) {
  const Tensor boxes = reals({1, 3, 4}, {0, 0, 1, 1, 0, 0.1f, 1, 1.1f, 0, 10, 1, 11});
  const Tensor scores = reals({1, 1, 3}, {0.8f, 0.9f, 0.1f});
  EXPECT_EQ(result("NonMaxSuppression", {boxes, scores, ints({3}), reals({1}, {0.5f})}),
            "[2, 3]: 0 0 1 0 0 2");
  EXPECT_EQ(result("NonMaxSuppression", {boxes, scores}), "[0, 3]:");
}

}  // namespace
}  // namespace cermet::testing
