#include "tests/backends/epilogues.h"

#include <functional>

namespace cermet::test {
namespace {

constexpr auto f32 = ElementType::float32;

// Writes expressions with operators.
struct Term {
  ScalarExpr* expression;
  int node;
};
Term constant(const Term& like, double value) {
  return {like.expression, like.expression->constant(value, f32)};
}
Term binary(ScalarOp op, Term a, Term b) {
  return {a.expression, a.expression->apply(op, f32, {a.node, b.node})};
}
Term unary(ScalarOp op, Term a) { return {a.expression, a.expression->apply(op, f32, {a.node})}; }
Term operator+(Term a, Term b) { return binary(ScalarOp::add, a, b); }
Term operator-(Term a, Term b) { return binary(ScalarOp::sub, a, b); }
Term operator*(Term a, Term b) { return binary(ScalarOp::mul, a, b); }
Term operator+(Term a, double b) { return a + constant(a, b); }
Term operator*(Term a, double b) { return a * constant(a, b); }
Term max(Term a, Term b) { return binary(ScalarOp::max, a, b); }
Term min(Term a, Term b) { return binary(ScalarOp::min, a, b); }
Term clip(Term a, double low, double high) {
  return min(max(a, constant(a, low)), constant(a, high));
}
Term select_positive(Term x, Term otherwise) {
  const int negative =
      x.expression->apply(ScalarOp::less, ElementType::boolean, {x.node, constant(x, 0).node});
  return {x.expression,
          x.expression->apply(ScalarOp::select, f32, {negative, otherwise.node, x.node})};
}

using Body = std::function<Term(Term x, const std::vector<Term>& operands)>;

Epilogue make(std::string name, std::vector<std::string> operands, const Body& body) {
  Epilogue epilogue{std::move(name), {}, std::move(operands)};
  ScalarExpr& expression = epilogue.expression;
  const Term x{&expression, expression.input(0, f32)};
  std::vector<Term> terms;
  for (size_t i = 0; i < epilogue.operands.size(); ++i)
    terms.push_back({&expression, expression.input(static_cast<int>(i) + 1, f32)});
  expression.add_result(body(x, terms).node);
  return epilogue;
}

using Terms = const std::vector<Term>&;

Term relu(Term x) { return max(x, constant(x, 0)); }
Term swish(Term x) { return x * unary(ScalarOp::sigmoid, x); }
Term gelu(Term x) { return x * 0.5 * (unary(ScalarOp::erf, x * 0.70710678118654752) + 1.0); }

}  // namespace

const std::vector<Epilogue>& epilogues() {
  static const std::vector<Epilogue> list{
      make("relu", {}, [](Term x, Terms) { return relu(x); }),
      make("leaky_relu", {}, [](Term x, Terms) { return select_positive(x, x * 0.1); }),
      make("relu6", {}, [](Term x, Terms) { return clip(x, 0, 6); }),
      make("sigmoid", {}, [](Term x, Terms) { return unary(ScalarOp::sigmoid, x); }),
      make("tanh", {}, [](Term x, Terms) { return unary(ScalarOp::tanh, x); }),
      make(
          "elu", {},
          [](Term x, Terms) { return select_positive(x, (unary(ScalarOp::exp, x) + -1.0) * 0.7); }),
      make("gelu_erf", {}, [](Term x, Terms) { return gelu(x); }),
      make("gelu_tanh", {},
           [](Term x, Terms) {
             const Term inner = (x + x * x * x * 0.044715) * 0.7978845608028654;
             return x * 0.5 * (unary(ScalarOp::tanh, inner) + 1.0);
           }),
      make("swish", {}, [](Term x, Terms) { return swish(x); }),
      make("hard_swish", {}, [](Term x, Terms) { return x * clip(x * (1.0 / 6) + 0.5, 0, 1); }),
      make("hard_sigmoid", {}, [](Term x, Terms) { return clip(x * 0.2 + 0.5, 0, 1); }),
      make("mish", {},
           [](Term x, Terms) { return x * unary(ScalarOp::tanh, unary(ScalarOp::softplus, x)); }),
      make("abs_sqrt", {},
           [](Term x, Terms) { return unary(ScalarOp::sqrt, unary(ScalarOp::abs, x)); }),
      make("scaled", {}, [](Term x, Terms) { return x * 0.125 + 3.0; }),
      make("lower_bound", {}, [](Term x, Terms) { return max(x, constant(x, -0.25)); }),
      make("bias", {"channel"}, [](Term x, Terms o) { return x + o[0]; }),
      make("bias_relu", {"channel"}, [](Term x, Terms o) { return relu(x + o[0]); }),
      make("bias_gelu", {"channel"}, [](Term x, Terms o) { return gelu(x + o[0]); }),
      make("residual", {"full"}, [](Term x, Terms o) { return o[0] + x; }),
      make("residual_relu", {"full"}, [](Term x, Terms o) { return relu(x + o[0]); }),
      make("swish_residual", {"full"}, [](Term x, Terms o) { return swish(x) + o[0]; }),
      make("bias_residual_relu", {"channel", "full"},
           [](Term x, Terms o) { return relu(x + o[0] + o[1]); }),
      make("gate", {"channel"}, [](Term x, Terms o) { return x * o[0]; }),
      make("scale_shift", {"channel", "channel"},
           [](Term x, Terms o) { return relu(x * o[0] + o[1]); }),
      make("scalar", {"scalar"}, [](Term x, Terms o) { return x * o[0] + -1.0; }),
      make("minus", {"full"}, [](Term x, Terms o) { return x - o[0]; }),
      make("maximum", {"full"}, [](Term x, Terms o) { return max(o[0], x); }),
  };
  return list;
}

}  // namespace cermet::test
