#include "tests/ops/operator_case.h"

namespace cermet::testing {
namespace {

Tensor of(ElementType type, Shape shape, const std::vector<double>& values) {
  Tensor tensor(type, std::move(shape));
  store_all(tensor.view(), values);
  return tensor;
}

TEST(QuantizeLinear, RoundsToEvenAndSaturates) {
  const Tensor zero = of(ElementType::uint8, {}, {128});
  EXPECT_EQ(result("QuantizeLinear", {reals({5}, {1, 3, -1, 1000, -1000}), reals({}, {2}), zero}),
            "[5]: 128 130 128 255 0");
  EXPECT_EQ(result("QuantizeLinear", {reals({2}, {1, 3}), reals({}, {1})}), "[2]: 1 3");
}

TEST(QuantizeLinear, DividesInTheScalesPrecision) {
  // 0.7 / 0.2 is 3.5 in float, which goes to 4; the doubles' quotient lies below.
  EXPECT_EQ(result("QuantizeLinear", {reals({1}, {0.7F}), reals({}, {0.2F})}), "[1]: 4");
}

TEST(QuantizeLinear, ReachesEveryType) {
  const Tensor x = reals({3}, {-20, 1.4F, 20});
  const auto as = [&](ElementType type) {
    return result("QuantizeLinear", {x, reals({}, {1})},
                  with({{"output_dtype", static_cast<int64_t>(type)}}));
  };
  EXPECT_EQ(as(ElementType::int4), "[3]: -8 1 7");
  EXPECT_EQ(as(ElementType::uint2), "[3]: 0 1 3");
  EXPECT_EQ(as(ElementType::int16), "[3]: -20 1 20");
  EXPECT_EQ(as(ElementType::float4e2m1), "[3]: -6 1.5 6");
  EXPECT_EQ(as(ElementType::float8e4m3fn), "[3]: -20 1.375 20");
  EXPECT_THROW(as(ElementType::float32), Error);
}

TEST(QuantizeLinear, ScalesByAxisAndBlock) {
  const Tensor x = reals({2, 3}, {2, 4, 6, 8, 10, 12});
  EXPECT_EQ(result("QuantizeLinear", {x, reals({2}, {1, 2})}, with({{"axis", int64_t{0}}})),
            "[2, 3]: 2 4 6 4 5 6");
  const Attributes blocks = with({{"axis", int64_t{1}}, {"block_size", int64_t{2}}});
  EXPECT_EQ(result("QuantizeLinear", {x, reals({2, 2}, {1, 2, 2, 4})}, blocks),
            "[2, 3]: 2 4 3 4 5 3");
  EXPECT_THROW(result("QuantizeLinear", {x, reals({2, 1}, {1, 2})}, blocks), Error);
  EXPECT_THROW(result("QuantizeLinear", {x, reals({2}, {1, 2})}), Error);
  EXPECT_THROW(result("QuantizeLinear", {x, reals({3}, {1, 2, 3})}, with({{"axis", int64_t{7}}})),
               Error);
}

TEST(DequantizeLinear, TakesTheZeroPointAway) {
  const Tensor x = of(ElementType::uint4, {4}, {0, 5, 10, 15});
  EXPECT_EQ(result("DequantizeLinear", {x, reals({}, {0.5F}), of(ElementType::uint4, {}, {8})}),
            "[4]: -4 -1.5 1 3.5");
  const Attributes blocks = with({{"axis", int64_t{0}}, {"block_size", int64_t{2}}});
  EXPECT_EQ(result("DequantizeLinear", {x, reals({2}, {1, 2})}, blocks), "[4]: 0 5 20 30");
  EXPECT_THROW(result("DequantizeLinear", {x, reals({}, {1}), of(ElementType::int4, {}, {0})}),
               Error);
}

TEST(DequantizeLinear, ScalesOfPowersOfTwoNeedAnOutputType) {
  const Tensor x = of(ElementType::int8, {2}, {-3, 4});
  const Tensor scale = of(ElementType::float8e8m0, {}, {0.25});
  EXPECT_THROW(result("DequantizeLinear", {x, scale}), Error);
  const auto type = static_cast<int64_t>(ElementType::float16);
  EXPECT_EQ(result("DequantizeLinear", {x, scale}, with({{"output_dtype", type}})), "[2]: -0.75 1");
}

TEST(DynamicQuantizeLinear, CoversTheRangeWithZero) {
  const auto outputs = evaluated("DynamicQuantizeLinear", {reals({3}, {0, 2, -3})}, {}, 3);
  EXPECT_EQ(load_all<int64_t>(outputs[0].tensor.view()), (std::vector<int64_t>{153, 255, 0}));
  EXPECT_FLOAT_EQ(outputs[1].tensor.as<float>()[0], 5.0F / 255);
  EXPECT_EQ(load_element<int64_t>(outputs[2].tensor.view(), 0), 153);
  const auto flat = evaluated("DynamicQuantizeLinear", {reals({2}, {0, 0})}, {}, 3);
  EXPECT_EQ(load_all<int64_t>(flat[0].tensor.view()), (std::vector<int64_t>{0, 0}));
}

TEST(MatMulInteger, ZeroPointsBelongToRowsAndColumns) {
  const Tensor a = of(ElementType::uint8, {2, 2}, {1, 2, 3, 4});
  const Tensor b = of(ElementType::int8, {2, 2}, {1, -1, 2, 0});
  EXPECT_EQ(result("MatMulInteger", {a, b}), "[2, 2]: 5 -1 11 -3");
  EXPECT_EQ(result("MatMulInteger",
                   {a, b, of(ElementType::uint8, {2}, {1, 3}), of(ElementType::int8, {2}, {0, 1})}),
            "[2, 2]: 2 -1 2 -1");
  EXPECT_THROW(result("MatMulInteger", {reals({1, 1}, {1}), b}), Error);
}

TEST(ConvInteger, PadsWithTheZeroPoint) {
  const Tensor x = of(ElementType::uint8, {1, 1, 2, 2}, {11, 12, 13, 14});
  const Tensor w = of(ElementType::uint8, {1, 1, 2, 2}, {1, 1, 1, 1});
  const Tensor zero = of(ElementType::uint8, {}, {10});
  const Attributes pads = with({{"pads", std::vector<int64_t>{0, 0, 1, 1}}});
  EXPECT_EQ(result("ConvInteger", {x, w, zero}, pads), "[1, 1, 2, 2]: 10 6 7 4");
}

TEST(Float8Products, MultiplyBothFormats) {
  const Operator& product = *find_operator("cermet", "MatMulFloat8");
  const Tensor a = of(ElementType::float8e4m3fn, {1, 2}, {1.5, 448});
  const Tensor b = of(ElementType::float8e5m2, {2, 1}, {2, 1024});
  const auto results = evaluate(product, {}, std::vector<std::optional<Value>>{a, b}, 1);
  EXPECT_EQ(results[0].tensor.type(), ElementType::float32);
  EXPECT_EQ(load_element<double>(results[0].tensor.view(), 0), 448.0 * 1024 + 3);
  const Tensor other = of(ElementType::float8e4m3fnuz, {2, 1}, {1, 1});
  EXPECT_THROW(evaluate(product, {}, std::vector<std::optional<Value>>{a, other}, 1), Error);
}

TEST(Float8Products, ConvolvePaddedImages) {
  const Tensor x = of(ElementType::float8e5m2, {1, 1, 2, 2}, {1, 2, 3, 4});
  const Tensor w = of(ElementType::float8e4m3fn, {1, 1, 2, 2}, {1, 1, 1, 0.5});
  const Attributes pads = with({{"pads", std::vector<int64_t>{0, 0, 1, 1}}});
  const auto results = evaluate(*find_operator("cermet", "ConvFloat8"), pads,
                                std::vector<std::optional<Value>>{x, w}, 1);
  EXPECT_EQ(results[0].tensor.type(), ElementType::float32);
  EXPECT_EQ(load_all<double>(results[0].tensor.view()), (std::vector<double>{8, 6, 7, 4}));
}

TEST(Quantization, InfersSymbolicShapes) {
  const auto zero = typed(ElementType::int8, Dims{});
  EXPECT_EQ(inferred("QuantizeLinear", {floats({sym("N"), 4}), floats({}), zero}), "int8[N, 4]");
  EXPECT_EQ(inferred("DequantizeLinear", {typed(ElementType::int8, std::nullopt), floats({})}),
            "float32[?]");
  EXPECT_EQ(inferred("MatMulInteger", {typed(ElementType::int8, Dims{sym("N"), 4}),
                                       typed(ElementType::int8, Dims{4, 8})}),
            "int32[N, 8]");
}

}  // namespace
}  // namespace cermet::testing
