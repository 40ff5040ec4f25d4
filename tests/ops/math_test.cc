#include <cmath>
#include <limits>

#include "tests/ops/operator_case.h"

namespace cermet::testing {
namespace {

const Dim n = sym("N");
const double infinity = std::numeric_limits<double>::infinity();
const double nan = std::numeric_limits<double>::quiet_NaN();

Tensor of(ElementType type, Shape shape, const std::vector<double>& values) {
  Tensor tensor(type, std::move(shape));
  store_all(tensor.view(), values);
  return tensor;
}

Tensor strings(const std::vector<std::string>& values) {
  return Tensor::from(ElementType::string, {static_cast<int64_t>(values.size())}, values);
}

std::vector<std::string> texts(const Tensor& tensor) {
  return {tensor.as<std::string>(), tensor.as<std::string>() + tensor.elements()};
}

TEST(Arithmetic, BroadcastsBothWays) {
  EXPECT_EQ(result("Add", {reals({2, 1}, {1, 2}), reals({3}, {10, 20, 30})}),
            "[2, 3]: 11 21 31 12 22 32");
  EXPECT_EQ(result("Mul", {reals({}, {3}), reals({2, 0}, {})}), "[2, 0]:");
  EXPECT_THROW(result("Add", {reals({2}, {1, 2}), reals({3}, {1, 2, 3})}), Error);
  EXPECT_THROW(result("Add", {reals({1}, {1}), ints({1})}), Error);
}

TEST(Arithmetic, IntegersWrapAndDivideTowardsZero) {
  const int64_t lowest = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(result("Add", {of(ElementType::int8, {1}, {127}), of(ElementType::int8, {1}, {1})}),
            "[1]: -128");
  EXPECT_EQ(result("Div", {ints({-7, 7, lowest, 5}), ints({2, -2, -1, 0})}),
            fmt::format("[4]: -3 -3 {:g} 0", static_cast<double>(lowest)));
  EXPECT_EQ(result("Mod", {ints({-7, 7, 7}), ints({3, -3, 0})}), "[3]: 2 -2 0");
  const Attributes fmod = with({{"fmod", int64_t{1}}});
  EXPECT_EQ(result("Mod", {ints({-7, 7}), ints({3, -3})}, fmod), "[2]: -1 1");
  EXPECT_EQ(result("Mod", {reals({2}, {-7.5, 7}), reals({1}, {2})}, fmod), "[2]: -1.5 1");
  EXPECT_THROW(result("Mod", {reals({1}, {1}), reals({1}, {2})}), Error);
}

TEST(Arithmetic, PowersTakeTheTypeOfTheBase) {
  EXPECT_EQ(result("Pow", {ints({2, -1, 3, 2}), ints({10, 3, 0, -1})}), "[4]: 1024 -1 1 0");
  EXPECT_EQ(result("Pow", {reals({2}, {4, 9}), of(ElementType::float64, {}, {0.5})}), "[2]: 2 3");
  EXPECT_EQ(result("Pow", {ints({4, 9}), reals({}, {0.5})}), "[2]: 2 3");
}

TEST(Arithmetic, ShiftsBeyondTheWidthLeaveNothing) {
  const Tensor x = of(ElementType::uint8, {3}, {16, 4, 255});
  const Tensor by = of(ElementType::uint8, {3}, {1, 200, 8});
  EXPECT_EQ(result("BitShift", {x, by}, with({{"direction", std::string("RIGHT")}})), "[3]: 8 0 0");
  EXPECT_EQ(result("BitShift", {x, by}, with({{"direction", std::string("LEFT")}})), "[3]: 32 0 0");
  EXPECT_THROW(result("BitShift", {x, by}, with({{"direction", std::string("UP")}})), Error);
}

TEST(Arithmetic, PackedTypesHaveEveryOperator) {
  const Tensor a = of(ElementType::int4, {3}, {-8, 7, 3});
  EXPECT_EQ(result("Add", {a, of(ElementType::int4, {}, {1})}), "[3]: -7 -8 4");
  EXPECT_EQ(result("Neg", {a}), "[3]: -8 -7 -3");
  EXPECT_EQ(result("BitwiseNot", {of(ElementType::uint2, {3}, {0, 1, 3})}), "[3]: 3 2 0");
}

TEST(Unary, HalvesRoundToEven) {
  EXPECT_EQ(result("Round", {reals({7}, {0.5, 1.5, 2.5, -0.5, -2.5, 2.4, -3.6})}),
            "[7]: 0 2 2 -0 -2 2 -4");
}

TEST(Unary, NarrowFloatsAreRoundedOnce) {
  EXPECT_EQ(result("Exp", {of(ElementType::float16, {2}, {1, 12})}), "[2]: 2.71875 inf");
  EXPECT_EQ(result("Sqrt", {of(ElementType::bfloat16, {1}, {2})}), "[1]: 1.41406");
}

TEST(Unary, RefusesOtherTypes) {
  EXPECT_THROW(result("Sin", {ints({1})}), Error);
  EXPECT_THROW(result("Neg", {strings({"a"})}), Error);
  EXPECT_THROW(result("Not", {ints({1})}), Error);
}

TEST(Activation, ParametersHaveTheSpecifiedDefaults) {
  EXPECT_EQ(result("LeakyRelu", {reals({2}, {-1, 2})}), "[2]: -0.01 2");
  EXPECT_EQ(result("HardSigmoid", {reals({3}, {-9, 1, 9})}), "[3]: 0 0.7 1");
  EXPECT_EQ(result("HardSwish", {reals({3}, {-4, 1.5, 4})}), "[3]: -0 1.125 4");
  EXPECT_EQ(result("Shrink", {reals({3}, {-1, 0.25, 1})}), "[3]: -1 0 1");
  EXPECT_EQ(result("ThresholdedRelu", {reals({3}, {1, 1.5, -3})}), "[3]: 0 1.5 0");
  EXPECT_EQ(result("PRelu", {reals({2, 2}, {-1, -1, 1, -2}), reals({2}, {2, 3})}),
            "[2, 2]: -2 -3 1 -6");
  EXPECT_THROW(result("PRelu", {reals({1}, {-1}), reals({2}, {2, 3})}), Error);
  EXPECT_THROW(result("Gelu", {reals({1}, {1})}, with({{"approximate", std::string("x")}})), Error);
}

TEST(Comparison, NaNIsLikeNothing) {
  const Tensor a = reals({3}, {1, static_cast<float>(nan), 2});
  const Tensor b = reals({3}, {1, static_cast<float>(nan), 1});
  EXPECT_EQ(result("Equal", {a, b}), "[3]: 1 0 0");
  EXPECT_EQ(result("GreaterOrEqual", {a, b}), "[3]: 1 0 1");
  EXPECT_EQ(result("Less", {a, b}), "[3]: 0 0 0");
  EXPECT_EQ(result("Max", {a, b}), "[3]: 1 nan 2");
}

TEST(Comparison, StringsAndLargeIntegersCompareExactly) {
  EXPECT_EQ(result("Equal", {strings({"a", "b"}), strings({"a"})}), "[2]: 1 0");
  const int64_t large = (int64_t{1} << 62) + 1;
  EXPECT_EQ(result("Greater", {ints({large}), ints({large - 1})}), "[1]: 1");
}

TEST(Comparison, InfinitiesBySign) {
  const Tensor x = reals({3}, {static_cast<float>(infinity), static_cast<float>(-infinity), 1});
  EXPECT_EQ(result("IsInf", {x}), "[3]: 1 1 0");
  EXPECT_EQ(result("IsInf", {x}, with({{"detect_negative", int64_t{0}}})), "[3]: 1 0 0");
}

TEST(Selection, WhereKeepsBitsOfEveryType) {
  const Tensor condition = of(ElementType::boolean, {2, 1}, {1, 0});
  EXPECT_EQ(result("Where", {condition, of(ElementType::int4, {3}, {1, 2, 3}),
                             of(ElementType::int4, {}, {-1})}),
            "[2, 3]: 1 2 3 -1 -1 -1");
  const Tensor chosen =
      evaluated("Where", {condition, strings({"yes"}), strings({"no"})})[0].tensor;
  EXPECT_EQ(texts(chosen), (std::vector<std::string>{"yes", "no"}));
}

TEST(Selection, ClipWithCrossedBoundsGivesTheUpper) {
  EXPECT_EQ(result("Clip", {ints({-5, 0, 9}), ints({}, {4}), ints({}, {2})}), "[3]: 2 2 2");
  EXPECT_EQ(result("Clip", {ints({-5, 0, 9}), std::nullopt, ints({}, {2})}), "[3]: -5 0 2");
  EXPECT_THROW(result("Clip", {ints({1}), ints({1, 2})}), Error);
}

TEST(Selection, DropoutOutsideTrainingHandsOn) {
  const auto outputs = evaluated("Dropout", {reals({2}, {1, 2})}, {}, 2);
  EXPECT_EQ(load_all<double>(outputs[0].tensor.view()), (std::vector<double>{1, 2}));
  EXPECT_EQ(load_all<int64_t>(outputs[1].tensor.view()), (std::vector<int64_t>{1, 1}));
}

TEST(Selection, DropoutInTrainingScalesWhatStays) {
  const Attributes seed = with({{"seed", int64_t{0}}});
  const Tensor yes = of(ElementType::boolean, {}, {1});
  EXPECT_EQ(result("Dropout", {reals({4}, {1, 2, 3, 4}), reals({}, {0.6F}), yes}, seed),
            "[4]: 0 5 7.5 0");  // NumPy draws 0.5488, 0.7152, 0.6028, 0.5449 from seed 0
  EXPECT_THROW(result("Dropout", {reals({1}, {1}), reals({}, {1}), yes}, seed), Error);
}

Attributes to(ElementType type) { return with({{"to", static_cast<int64_t>(type)}}); }

TEST(Cast, IntegersWrapAndFloatsTruncate) {
  EXPECT_EQ(result("Cast", {ints({200, -1, 70000})}, to(ElementType::int8)), "[3]: -56 -1 112");
  EXPECT_EQ(result("Cast", {reals({3}, {-1.9F, 1.9F, 0})}, to(ElementType::int32)), "[3]: -1 1 0");
  EXPECT_EQ(result("Cast", {reals({3}, {-0.1F, 0, 3})}, to(ElementType::boolean)), "[3]: 1 0 1");
  EXPECT_EQ(result("Cast", {reals({2}, {70000, 1})}, to(ElementType::float16)), "[2]: inf 1");
  EXPECT_THROW(result("Cast", {ints({1})}, to(static_cast<ElementType>(99))), Error);
}

TEST(Cast, Float8TypesSaturateUnlessAskedNotTo) {
  Attributes attributes = to(ElementType::float8e4m3fn);
  EXPECT_EQ(result("Cast", {reals({2}, {1000, -1000})}, attributes), "[2]: 448 -448");
  attributes.set("saturate", int64_t{0});
  EXPECT_EQ(result("Cast", {reals({1}, {1000})}, attributes), "[1]: nan");
  Attributes scale = to(ElementType::float8e8m0);
  EXPECT_EQ(result("Cast", {reals({1}, {5})}, scale), "[1]: 8");
  scale.set("round_mode", std::string("down"));
  EXPECT_EQ(result("Cast", {reals({1}, {5})}, scale), "[1]: 4");
}

TEST(Cast, TextIsTheShortestThatReadsBack) {
  const auto shown = [](const Tensor& x) {
    return texts(evaluated("Cast", {x}, to(ElementType::string))[0].tensor);
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(shown(reals({4}, {0.1F, 100, 1e20F, static_cast<float>(-infinity)})),
            (Texts{"0.1", "100.0", "1e+20", "-inf"}));
  EXPECT_EQ(shown(of(ElementType::float16, {2}, {0.1, 60000})), (Texts{"0.1", "60000.0"}));
  EXPECT_EQ(shown(ints({-3})), Texts{"-3"});
}

TEST(Cast, TextBecomesNumbers) {
  EXPECT_EQ(result("Cast", {strings({"3.5", "+INF", " -1e2 ", "nan"})}, to(ElementType::float32)),
            "[4]: 3.5 inf -100 nan");
  const Tensor large = strings({"18446744073709551615", "12"});
  EXPECT_EQ(
      load_all<uint64_t>(evaluated("Cast", {large}, to(ElementType::uint64))[0].tensor.view()),
      (std::vector<uint64_t>{~uint64_t{0}, 12}));
  EXPECT_THROW(result("Cast", {strings({"Hello"})}, to(ElementType::float32)), Error);
}

TEST(Cast, BitsAreReadAsAnotherType) {
  EXPECT_EQ(result("BitCast", {reals({1}, {1})}, to(ElementType::int32)), "[1]: 1.06535e+09");
  EXPECT_THROW(result("BitCast", {reals({1}, {1})}, to(ElementType::int64)), Error);
}

TEST(ShapeArithmetic, SizesAreComputedAsExpressions) {
  EXPECT_EQ(inferred("Add", {known({n, 3}), known_scalar(1)}), "int64[2] = [N+1, 4]");
  EXPECT_EQ(inferred("Div", {known({n * 6}), known({2})}), "int64[1] = [3*N]");
  EXPECT_EQ(inferred("Div", {known_scalar(-7), known_scalar(2)}), "int64[] = [-3]");
  EXPECT_EQ(inferred("Div", {known_scalar(n), known_scalar(0)}), "int64[]");
  EXPECT_EQ(inferred("Mod", {known_scalar(n * 4), known_scalar(2)}), "int64[] = [0]");
  EXPECT_EQ(inferred("Neg", {known_scalar(5)}), "int64[] = [-5]");
  EXPECT_EQ(inferred("Min", {known_scalar(5), known_scalar(2), known_scalar(3)}), "int64[] = [2]");
  EXPECT_EQ(inferred("Add", {floats({n, 1}), floats({3})}), "float32[N, 3]");
  EXPECT_EQ(inferred("Add", {floats({n}), typed(ElementType::float32, std::nullopt)}),
            "float32[?]");
}

TEST(ShapeArithmetic, ComparisonsDecideWhatEverySizeAgreesOn) {
  EXPECT_EQ(inferred("Equal", {known({n, 3, -1}), known_scalar(-1)}), "boolean[3] = [0, 0, 1]");
  EXPECT_EQ(inferred("Equal", {known({n}), known_scalar(1)}), "boolean[1]");
  auto condition = typed(ElementType::boolean, Dims{2});
  condition.contents = Dims{0, 1};
  EXPECT_EQ(inferred("Where", {condition, known({1, 2}), known({n, 4})}), "int64[2] = [N, 2]");
}

TEST(ShapeArithmetic, CastsKeepSizesThatFit) {
  EXPECT_EQ(inferred("Cast", {known({n})}, to(ElementType::int32)), "int32[1] = [N]");
  EXPECT_EQ(inferred("Cast", {known({int64_t{1} << 40})}, to(ElementType::int32)), "int32[1]");
  EXPECT_EQ(inferred("Cast", {known({0, 4})}, to(ElementType::boolean)), "boolean[2] = [0, 1]");
}

}  // namespace
}  // namespace cermet::testing
