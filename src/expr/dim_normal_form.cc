#include "expr/dim_normal_form.h"

#include <algorithm>

#include "expr/checked_integer.h"

namespace cermet {
namespace {

// Products of sums grow quickly; a model's sizes stay far below this.
constexpr size_t max_terms = 1 << 14;

// Adds up like terms of a sorted list and drops those that vanish.
DimTerms merge(DimTerms sorted) {
  DimTerms merged;
  for (DimTerm& term : sorted) {
    if (!merged.empty() && compare(merged.back().factors, term.factors) == 0) {
      merged.back().coefficient = checked_add(merged.back().coefficient, term.coefficient);
    } else {
      if (!merged.empty() && merged.back().coefficient == 0) merged.pop_back();
      merged.push_back(std::move(term));
    }
  }
  if (!merged.empty() && merged.back().coefficient == 0) merged.pop_back();
  return merged;
}

}  // namespace

int compare(const DimAtom& a, const DimAtom& b) {
  if (&a == &b) return 0;
  if (a.op != b.op) return a.op < b.op ? -1 : 1;
  return a.text.compare(b.text);
}

int compare(const DimFactors& a, const DimFactors& b) {
  if (a.size() != b.size()) return a.size() > b.size() ? -1 : 1;
  for (size_t i = 0; i < a.size(); ++i) {
    if (const int order = compare(*a[i], *b[i]); order != 0) return order;
  }
  return 0;
}

DimFactors multiply(const DimFactors& a, const DimFactors& b) {
  DimFactors product;
  product.reserve(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(product),
             [](const DimAtomRef& x, const DimAtomRef& y) { return compare(*x, *y) < 0; });
  return product;
}

std::optional<DimFactors> divide(const DimFactors& a, const DimFactors& b) {
  DimFactors quotient;
  size_t taken = 0;
  for (const DimAtomRef& factor : a) {
    if (taken < b.size() && compare(*factor, *b[taken]) == 0) {
      ++taken;
    } else {
      quotient.push_back(factor);
    }
  }
  if (taken != b.size()) return std::nullopt;
  return quotient;
}

Dim DimNode::make(DimTerms terms) {
  std::sort(terms.begin(), terms.end(),
            [](const DimTerm& a, const DimTerm& b) { return compare(a.factors, b.factors) < 0; });
  terms = merge(std::move(terms));
  if (terms.empty()) return Dim(0);
  if (terms.size() == 1 && terms[0].factors.empty()) return Dim(terms[0].coefficient);
  require(terms.size() <= max_terms, ErrorCode::out_of_range,
          "expected a size of at most {} terms, got {}; name intermediate sizes in the model",
          max_terms, terms.size());
  Dim result;
  result.node_ = std::make_shared<const DimNode>(DimNode{std::move(terms)});
  return result;
}

Dim DimNode::make(DimAtomRef atom) { return make(DimTerms{{1, {std::move(atom)}}}); }

Dim DimNode::make(DimOp op, std::vector<Dim> args) {
  std::string text = operation_text(op, args);
  return make(std::make_shared<const DimAtom>(DimAtom{op, std::move(text), std::move(args)}));
}

DimTerms DimNode::terms_of(const Dim& dim) {
  if (dim.node_) return dim.node_->terms;
  if (dim.constant_ == 0) return {};
  return {{dim.constant_, {}}};
}

const DimAtom* single_atom(const Dim& dim) {
  const DimNode* node = DimNode::of(dim);
  if (!node || node->terms.size() != 1 || node->terms[0].coefficient != 1) return nullptr;
  const DimFactors& factors = node->terms[0].factors;
  return factors.size() == 1 ? factors[0].get() : nullptr;
}

Dim operator+(const Dim& a, const Dim& b) {
  if (a.is_constant() && b.is_constant()) return checked_add(a.constant_, b.constant_);
  DimTerms terms = DimNode::terms_of(a);
  for (DimTerm& term : DimNode::terms_of(b)) terms.push_back(std::move(term));
  return DimNode::make(std::move(terms));
}

Dim operator-(const Dim& a, const Dim& b) {
  if (a.is_constant() && b.is_constant()) {
    int64_t difference = 0;
    if (!__builtin_sub_overflow(a.constant_, b.constant_, &difference)) return difference;
  }
  return a + Dim(-1) * b;
}

Dim operator*(const Dim& a, const Dim& b) {
  if (a.is_constant() && b.is_constant()) return checked_multiply(a.constant_, b.constant_);
  if (a.is_constant(1)) return b;
  if (b.is_constant(1)) return a;
  const DimTerms left = DimNode::terms_of(a);
  const DimTerms right = DimNode::terms_of(b);
  require(left.size() * right.size() <= max_terms, ErrorCode::out_of_range,
          "expected a product of sizes with at most {} terms, got {}; name intermediate sizes in "
          "the model",
          max_terms, left.size() * right.size());
  DimTerms product;
  product.reserve(left.size() * right.size());
  for (const DimTerm& x : left) {
    for (const DimTerm& y : right) {
      product.push_back(
          {checked_multiply(x.coefficient, y.coefficient), multiply(x.factors, y.factors)});
    }
  }
  return DimNode::make(std::move(product));
}

}  // namespace cermet
