// Writing scalar expressions as formulas.
#pragma once

#include <span>

#include "base/attributes.h"
#include "expr/scalar_expr.h"

namespace cermet {

class ExpressionMaker;

// A node of an expression under construction; arithmetic on terms adds nodes. Both sides of a
// binary operation have the same type, the type of its result.
struct Term {
  ExpressionMaker* maker = nullptr;
  int node = -1;
};

class ExpressionMaker {
 public:
  ExpressionMaker(const Attributes& attributes, std::span<const ElementType> types)
      : attributes_(attributes), types_(types) {}

  const Attributes& attributes() const { return attributes_; }
  size_t operand_count() const { return types_.size(); }
  bool has_operand(size_t i) const {
    return i < types_.size() && types_[i] != ElementType::undefined;
  }
  ElementType operand_type(size_t i) const { return types_[i]; }
  ElementType type(Term term) const { return expression_.nodes()[term.node].type; }

  Term operand(size_t i) { return wrap(expression_.input(static_cast<int>(i), types_[i])); }
  // Operand i in the type that formulas compute in: narrow floats in float32.
  Term wide(size_t i) { return cast(operand(i), wide_type(types_[i])); }
  static ElementType wide_type(ElementType type) {
    return is_floating(type) && bit_width(type) < 32 ? ElementType::float32 : type;
  }
  Term number(double value, ElementType type) { return wrap(expression_.constant(value, type)); }
  Term cast(Term term, ElementType type, bool saturate = true) {
    return wrap(expression_.cast(term.node, type, saturate));
  }
  // The result's type is that of the last argument, or boolean for tests and comparisons.
  Term apply(ScalarOp op, std::initializer_list<Term> args);

  double parameter(std::string_view name, float otherwise) const {
    return attributes_.number(name, otherwise);
  }

  ScalarExpr finish(Term result) {
    expression_.add_result(result.node);
    return std::move(expression_);
  }

 private:
  Term wrap(int node) { return {this, node}; }

  const Attributes& attributes_;
  std::span<const ElementType> types_;
  ScalarExpr expression_;
};

Term operator+(Term a, Term b);
Term operator-(Term a, Term b);
Term operator*(Term a, Term b);
Term operator/(Term a, Term b);
// Numbers take the other side's type.
Term operator+(Term a, double b);
Term operator-(Term a, double b);
Term operator*(double a, Term b);
Term operator/(Term a, double b);
Term less(Term a, Term b);
Term less(Term a, double b);
Term select(Term condition, Term yes, Term no);
Term max(Term a, Term b);
Term max(Term a, double b);
Term min(Term a, Term b);
Term min(Term a, double b);
Term call(ScalarOp op, Term a);

}  // namespace cermet
