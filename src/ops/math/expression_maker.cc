#include "ops/math/expression_maker.h"

#include <vector>

namespace cermet {
namespace {

Term like(Term term, double value) { return term.maker->number(value, term.maker->type(term)); }

Term binary(ScalarOp op, Term a, Term b) { return a.maker->apply(op, {a, b}); }

}  // namespace

Term ExpressionMaker::apply(ScalarOp op, std::initializer_list<Term> args) {
  std::vector<int> nodes;
  for (const Term& term : args) nodes.push_back(term.node);
  const ScalarTypes types = info(op).types;
  const bool is_test = types == ScalarTypes::equality || types == ScalarTypes::order ||
                       types == ScalarTypes::classification;
  const ElementType result = is_test ? ElementType::boolean : type(*(args.end() - 1));
  return wrap(expression_.apply(op, result, nodes));
}

Term operator+(Term a, Term b) { return binary(ScalarOp::add, a, b); }
Term operator-(Term a, Term b) { return binary(ScalarOp::sub, a, b); }
Term operator*(Term a, Term b) { return binary(ScalarOp::mul, a, b); }
Term operator/(Term a, Term b) { return binary(ScalarOp::div, a, b); }
Term operator+(Term a, double b) { return a + like(a, b); }
Term operator-(Term a, double b) { return a - like(a, b); }
Term operator*(double a, Term b) { return like(b, a) * b; }
Term operator/(Term a, double b) { return a / like(a, b); }
Term less(Term a, Term b) { return binary(ScalarOp::less, a, b); }
Term less(Term a, double b) { return less(a, like(a, b)); }
Term select(Term condition, Term yes, Term no) {
  return condition.maker->apply(ScalarOp::select, {condition, yes, no});
}
Term max(Term a, Term b) { return binary(ScalarOp::max, a, b); }
Term max(Term a, double b) { return max(a, like(a, b)); }
Term min(Term a, Term b) { return binary(ScalarOp::min, a, b); }
Term min(Term a, double b) { return min(a, like(a, b)); }
Term call(ScalarOp op, Term a) { return a.maker->apply(op, {a}); }

}  // namespace cermet
