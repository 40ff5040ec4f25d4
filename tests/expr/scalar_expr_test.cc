#include "expr/scalar_expr.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"

namespace cermet {
namespace {

using enum ElementType;

template <class Body>
std::optional<ErrorCode> code_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

// x * sigmoid(x), and x as it came.
ScalarExpr swish(ElementType type) {
  ScalarExpr expr;
  const int x = expr.input(0, type);
  expr.add_result(expr.apply(ScalarOp::mul, type, {x, expr.apply(ScalarOp::sigmoid, type, {x})}));
  return expr;
}

TEST(ScalarOps, NamesRoundTrip) {
  for (int i = 0; i < scalar_op_count; ++i) {
    const ScalarOp op = static_cast<ScalarOp>(i);
    EXPECT_EQ(info(op).op, op);
    EXPECT_EQ(scalar_op_from_name(info(op).name), op);
  }
  EXPECT_EQ(scalar_op_from_name("sqr"), std::nullopt);
  EXPECT_EQ(code_of([] { info(static_cast<ScalarOp>(scalar_op_count)); }), ErrorCode::internal);
}

TEST(ScalarExpr, EqualNodesAreShared) {
  ScalarExpr expr;
  const int x = expr.input(0, float32);
  EXPECT_EQ(expr.input(0, float32), x);
  EXPECT_NE(expr.input(1, float32), x);
  const int sum = expr.apply(ScalarOp::add, float32, {x, x});
  EXPECT_EQ(expr.apply(ScalarOp::add, float32, {x, x}), sum);
  EXPECT_EQ(expr.constant(0.1, float32), expr.constant(0.1f, float32));
  EXPECT_NE(expr.constant(0.1, float32), expr.constant(0.1, float64));
  EXPECT_NE(expr.constant(0.0, float32), expr.constant(-0.0, float32));
  EXPECT_EQ(expr.constant(NAN, float32), expr.constant(-NAN, float32));
  EXPECT_NE(expr.cast(x, int8, true), expr.cast(x, int8, false));
  EXPECT_EQ(expr.cast(x, float32), x);
  EXPECT_EQ(expr.apply(ScalarOp::cast, int8, {x}), expr.cast(x, int8));
}

TEST(ScalarExpr, ConstantsFitTheirType) {
  ScalarExpr expr;
  EXPECT_EQ(expr.nodes()[expr.constant(1e30, float16)].value, INFINITY);
  EXPECT_EQ(expr.nodes()[expr.constant(1 + 1e-9, float32)].value, 1);
  EXPECT_EQ(expr.constant(3, int32), expr.constant_integer(3, int32));
  EXPECT_EQ(expr.constant_integer(3, float32), expr.constant(3, float32));
  EXPECT_EQ(code_of([&] { expr.constant_integer(256, uint8); }), ErrorCode::internal);
  EXPECT_EQ(code_of([&] { expr.constant_integer(-1, uint8); }), ErrorCode::internal);
  EXPECT_EQ(code_of([&] { expr.constant_integer(2, boolean); }), ErrorCode::internal);
  EXPECT_EQ(code_of([&] { expr.constant(0.5, int32); }), ErrorCode::internal);
  EXPECT_EQ(code_of([&] { expr.constant(INFINITY, int64); }), ErrorCode::internal);
  EXPECT_EQ(code_of([&] { expr.constant(1, complex64); }), ErrorCode::internal);
}

TEST(ScalarExpr, RefusesTypesThatDoNotFit) {
  ScalarExpr expr;
  const int x = expr.input(0, float32);
  const int i = expr.input(1, int32);
  const int b = expr.input(2, boolean);
  struct Case {
    ScalarOp op;
    ElementType type;
    std::vector<int> args;
  };
  for (const Case& c : std::vector<Case>{
           {ScalarOp::add, float32, {x}},
           {ScalarOp::add, float32, {x, i}},
           {ScalarOp::add, int32, {x, x}},
           {ScalarOp::add, boolean, {b, b}},
           {ScalarOp::add, float32, {x, 99}},
           {ScalarOp::add, float32, {x, -1}},
           {ScalarOp::sqrt, int32, {i}},
           {ScalarOp::bit_and, float32, {x, x}},
           {ScalarOp::less, float32, {x, x}},
           {ScalarOp::less, boolean, {b, b}},
           {ScalarOp::is_nan, boolean, {i}},
           {ScalarOp::logical_not, int32, {i}},
           {ScalarOp::select, float32, {x, x, x}},
           {ScalarOp::select, float32, {b, x, i}},
           {ScalarOp::cast, complex64, {x}},
           {ScalarOp::cast, int8, {7}},
           {ScalarOp::input, float32, {}},
       }) {
    EXPECT_EQ(code_of([&] { expr.apply(c.op, c.type, c.args); }), ErrorCode::internal)
        << info(c.op).name;
  }
  EXPECT_EQ(expr.nodes().size(), 3u);
  EXPECT_EQ(code_of([&] { expr.input(-1, float32); }), ErrorCode::internal);
  EXPECT_EQ(code_of([&] { expr.input(0, string); }), ErrorCode::internal);
}

TEST(ScalarExpr, Inlines) {
  ScalarExpr expr;
  const int a = expr.input(0, float32);
  const int b = expr.input(1, float32);
  const int sum = expr.apply(ScalarOp::add, float32, {a, b});
  const auto results = expr.inline_expression(swish(float32), std::vector<int>{sum});
  ASSERT_EQ(results.size(), 1u);
  expr.add_result(results[0]);
  EXPECT_EQ(expr.to_string(),
            "%0 = input float32 0; %1 = input float32 1; %2 = add float32 %0 %1; "
            "%3 = sigmoid float32 %2; %4 = mul float32 %2 %3; -> %4");
  EXPECT_EQ(expr.inline_expression(swish(float32), std::vector<int>{sum}), results);
  EXPECT_EQ(code_of([&] { expr.inline_expression(swish(float16), std::vector<int>{sum}); }),
            ErrorCode::internal);
  EXPECT_EQ(code_of([&] { expr.inline_expression(swish(float32), {}); }), ErrorCode::internal);
}

TEST(ScalarExpr, CountsOperandsAndKnowsTheIdentity) {
  ScalarExpr expr;
  EXPECT_TRUE(expr.empty());
  EXPECT_FALSE(expr.is_identity());
  EXPECT_EQ(expr.operand_count(), 0);
  expr.add_result(expr.input(0, int4));
  EXPECT_TRUE(expr.is_identity());
  EXPECT_EQ(expr.result_type(), int4);
  expr.add_result(expr.input(3, int4));
  EXPECT_FALSE(expr.is_identity());
  EXPECT_EQ(expr.operand_count(), 4);
  EXPECT_FALSE(swish(float32).is_identity());
}

TEST(ScalarExprText, PrintsAndReadsEveryKindOfNode) {
  const std::string text =
      "%0 = input float32 0; %1 = constant float32 -0.5; %2 = constant float32 nan; "
      "%3 = constant float64 -inf; %4 = constant uint64 18446744073709551615; "
      "%5 = constant int64 -9223372036854775808; %6 = constant boolean true; "
      "%7 = min float32 %0 %1; %8 = cast int8 %7 wrap; %9 = cast int8 %7; "
      "%10 = select float32 %6 %0 %2; %11 = constant float32 -0; -> %8 %9 %10";
  const ScalarExpr expr = ScalarExpr::parse(text);
  EXPECT_EQ(expr.to_string(), text);
  EXPECT_EQ(ScalarExpr::parse(expr.to_string()), expr);
  EXPECT_FALSE(expr == swish(float32));
}

TEST(ScalarExprText, RoundTripsEveryOperationAndConstant) {
  for (int i = 0; i < scalar_op_count; ++i) {
    const ScalarOpInfo& row = info(static_cast<ScalarOp>(i));
    if (row.types == ScalarTypes::leaf) continue;
    ScalarExpr expr;
    const bool logical = row.types == ScalarTypes::logical;
    const ElementType in = logical                             ? boolean
                           : row.types == ScalarTypes::integer ? uint16
                                                               : bfloat16;
    const bool relation = row.types >= ScalarTypes::equality && row.types < ScalarTypes::selection;
    const ElementType out = relation ? boolean : row.op == ScalarOp::cast ? float8e5m2 : in;
    std::vector<int> args;
    for (int k = 0; k < row.arity; ++k) args.push_back(expr.input(k, in));
    if (row.op == ScalarOp::select) args[0] = expr.input(0, boolean);
    expr.add_result(expr.apply(row.op, out, args));
    EXPECT_EQ(ScalarExpr::parse(expr.to_string()), expr) << expr.to_string();
  }
  for (const double value : {0.1, 1e-45, 3.4028234663852886e38, 1.0 / 3, 1e300, 5e-324}) {
    ScalarExpr expr;
    expr.add_result(expr.constant(value, float64));
    expr.add_result(expr.constant(value, float32));
    EXPECT_EQ(ScalarExpr::parse(expr.to_string()), expr) << expr.to_string();
  }
}

TEST(ScalarExprText, EmptyAndRepeatedNodes) {
  EXPECT_EQ(ScalarExpr().to_string(), "->");
  EXPECT_TRUE(ScalarExpr::parse("->").empty());
  const ScalarExpr expr = ScalarExpr::parse(
      "%0 = input int32 0; %1 = input int32 0; %2 = neg int32 %1; %3 = cast int32 %2; -> %3");
  EXPECT_EQ(expr.to_string(), "%0 = input int32 0; %1 = neg int32 %0; -> %1");
}

TEST(ScalarExprText, Faults) {
  for (const char* text : {
           "",
           "%0 = input float32 0",
           "%1 = input float32 0; -> %1",
           "%0 = input float32 0; -> %1",
           "%0 = input float32 0; -> 0",
           "%0 = input float32 -1; ->",
           "%0 = input float32 9999999; ->",
           "%0 = input complex64 0; ->",
           "%0 = input float33 0; ->",
           "%0 = inputs float32 0; ->",
           "%0 = input float32 0 1; ->",
           "%0 = add float32 %0 %0; ->",
           "%0 = input float32 0; %1 = add float32 %0; ->",
           "%0 = input float32 0; %1 = neg float32 %0 wrap; ->",
           "%0 = constant int8 128; ->",
           "%0 = constant int8 1.5; ->",
           "%0 = constant float32 1x; ->",
           "%0 = constant boolean 1; ->",
           "%0 = constant uint64 -1; ->",
           "-> ; %0 = input float32 0",
       }) {
    EXPECT_EQ(code_of([&] { ScalarExpr::parse(text); }), ErrorCode::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace cermet
