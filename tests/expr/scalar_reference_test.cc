// evaluate_reference over tensors: broadcasting, packed types, empty and scalar shapes.
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "expr/scalar_expr.h"

namespace cermet {
namespace {

using enum ElementType;

ScalarExpr binary(ScalarOp op, ElementType type) {
  ScalarExpr expr;
  expr.add_result(expr.apply(op, type, {expr.input(0, type), expr.input(1, type)}));
  return expr;
}

Tensor run(const ScalarExpr& expr, const std::vector<Tensor>& operands, Shape shape) {
  Tensor result(expr.result_type(), std::move(shape));
  std::vector<ConstTensorView> views;
  for (const Tensor& operand : operands) views.push_back(operand.view());
  const TensorView out = result.view();
  evaluate_reference(expr, views, std::span(&out, 1));
  return result;
}

TEST(ScalarReference, Broadcasts) {
  const Tensor a = Tensor::from<int32_t>(int32, {2, 1, 3}, {0, 1, 2, 10, 11, 12});
  const Tensor b = Tensor::from<int32_t>(int32, {2, 1}, {100, 200});
  const Tensor sum = run(binary(ScalarOp::add, int32), {a, b}, {2, 2, 3});
  EXPECT_EQ(load_all<int64_t>(sum.view()),
            (std::vector<int64_t>{100, 101, 102, 200, 201, 202, 110, 111, 112, 210, 211, 212}));
}

TEST(ScalarReference, OperandsMayAllBeSmallerThanTheResult) {
  const Tensor a = Tensor::from<float>(float32, {}, {2});
  const Tensor b = Tensor::from<float>(float32, {1}, {3});
  const Tensor product = run(binary(ScalarOp::mul, float32), {a, b}, {2, 2});
  EXPECT_EQ(load_all<double>(product.view()), (std::vector<double>{6, 6, 6, 6}));
}

TEST(ScalarReference, ScalarsAndEmptyTensors) {
  const Tensor one = Tensor::from<float>(float32, {}, {1});
  EXPECT_EQ(load_all<double>(run(binary(ScalarOp::add, float32), {one, one}, {}).view()),
            (std::vector<double>{2}));
  const Tensor empty(float32, {0, 3});
  EXPECT_EQ(run(binary(ScalarOp::add, float32), {empty, one}, {0, 3}).elements(), 0);
  const Tensor column(float32, {4, 1, 1});
  EXPECT_EQ(run(binary(ScalarOp::add, float32), {column, empty}, {4, 0, 3}).elements(), 0);
}

TEST(ScalarReference, PackedAndWideIntegers) {
  Tensor packed(int4, {3});
  store_all<int64_t>(packed.view(), {7, -8, 3});
  const Tensor sum = run(binary(ScalarOp::add, int4), {packed, packed}, {3});
  EXPECT_EQ(load_all<int64_t>(sum.view()), (std::vector<int64_t>{-2, 0, 6}));
  const Tensor big = Tensor::from<uint64_t>(uint64, {2}, {UINT64_MAX, 1});
  const Tensor half = Tensor::from<uint64_t>(uint64, {1}, {2});
  EXPECT_EQ(load_all<uint64_t>(run(binary(ScalarOp::div, uint64), {big, half}, {2}).view()),
            (std::vector<uint64_t>{UINT64_MAX / 2, 0}));
}

TEST(ScalarReference, SeveralResultsOfSeveralTypes) {
  const ScalarExpr expr = ScalarExpr::parse(
      "%0 = input float16 0; %1 = constant float16 1; %2 = less boolean %0 %1; "
      "%3 = cast uint8 %0; -> %2 %3");
  Tensor x(float16, {2, 2});
  store_all<double>(x.view(), {0.5, 1, 2.75, 300});
  Tensor less(boolean, {2, 2});
  Tensor bytes(uint8, {2, 2});
  const ConstTensorView in = std::as_const(x).view();
  const TensorView outs[] = {less.view(), bytes.view()};
  evaluate_reference(expr, std::span(&in, 1), outs);
  EXPECT_EQ(load_all<int64_t>(less.view()), (std::vector<int64_t>{1, 0, 0, 0}));
  EXPECT_EQ(load_all<int64_t>(bytes.view()), (std::vector<int64_t>{0, 1, 2, 255}));
}

TEST(ScalarReference, SmallFloatsKeepWhatTheCastMade) {
  const Tensor x = Tensor::from<float>(float32, {3}, {1e6f, -0.3f, 1});
  const auto stored = [&](const char* cast) {
    const std::string text = std::string("%0 = input float32 0; %1 = ") + cast + "; -> %1";
    return load_all<double>(run(ScalarExpr::parse(text), {x}, {3}).view());
  };
  EXPECT_EQ(stored("cast float8e5m2 %0"), (std::vector<double>{57344, -0.3125, 1}));
  EXPECT_EQ(stored("cast float8e5m2 %0 wrap"), (std::vector<double>{INFINITY, -0.3125, 1}));
  EXPECT_EQ(stored("cast float8e4m3fn %0"), (std::vector<double>{448, -0.3125, 1}));
  EXPECT_TRUE(std::isnan(stored("cast float8e4m3fn %0 wrap")[0]));
  EXPECT_EQ(stored("cast float4e2m1 %0"), (std::vector<double>{6, -0.5, 1}));
  EXPECT_EQ(stored("cast float8e8m0 %0"), (std::vector<double>{0x1p20, 0.5, 1}));
}

TEST(ScalarReference, InPlace) {
  Tensor x = Tensor::from<int32_t>(int32, {3}, {1, 2, 3});
  const Tensor offset = Tensor::from<int32_t>(int32, {1}, {5});
  const ConstTensorView in[] = {x.view(), offset.view()};
  const TensorView out = x.view();
  evaluate_reference(binary(ScalarOp::add, int32), in, std::span(&out, 1));
  EXPECT_EQ(load_all<int64_t>(x.view()), (std::vector<int64_t>{6, 7, 8}));
}

TEST(ScalarReference, RefusesWhatDoesNotFit) {
  const ScalarExpr expr = binary(ScalarOp::add, float32);
  const Tensor a(float32, {2, 3});
  const auto code_of = [&](const std::vector<Tensor>& operands, Shape shape) {
    try {
      run(expr, operands, std::move(shape));
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  EXPECT_EQ(code_of({a}, {2, 3}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({a, Tensor(int32, {2, 3})}, {2, 3}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({a, Tensor(float32, {2})}, {2, 3}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({a, Tensor(float32, {1, 2, 3})}, {2, 3}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({a, a}, {1, 3}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({a, a}, {2, 0}), ErrorCode::invalid_argument);
  Tensor out(float64, {2, 3});
  const ConstTensorView in[] = {a.view(), a.view()};
  const TensorView view = out.view();
  EXPECT_THROW(evaluate_reference(expr, in, std::span(&view, 1)), Error);
  EXPECT_THROW(evaluate_reference(expr, in, {}), Error);
}

}  // namespace
}  // namespace cermet
