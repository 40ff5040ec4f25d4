// Division and modulo of polynomials, and the rules that simplify them.
#include <algorithm>
#include <numeric>

#include "expr/checked_integer.h"
#include "expr/dim_normal_form.h"

namespace cermet {
namespace {

// dividend = quotient * divisor + rest, for any values of the symbols.
struct Split {
  Dim quotient;
  Dim rest;
};

// Moves into the quotient what a one-term divisor with positive coefficient divides. Coefficients
// keep their sign in the rest (-N stays -N), for tighter bounds; the constant rest is not negative.
Split split(const Dim& dividend, const Dim& divisor) {
  const DimTerms divisors = DimNode::terms_of(divisor);
  if (divisors.size() != 1) return {0, dividend};
  const auto& [divisor_coefficient, divisor_factors] = divisors[0];
  DimTerms quotient;
  DimTerms rest;
  for (const DimTerm& term : DimNode::terms_of(dividend)) {
    int64_t remainder = term.coefficient;
    if (const auto factors = divide(term.factors, divisor_factors)) {
      remainder = term.factors.empty() ? checked_floor_modulo(remainder, divisor_coefficient)
                                       : remainder % divisor_coefficient;
      const int64_t q = term.factors.empty()
                            ? checked_floor_divide(term.coefficient, divisor_coefficient)
                            : term.coefficient / divisor_coefficient;
      quotient.push_back({q, *factors});
    }
    rest.push_back({remainder, term.factors});
  }
  return {DimNode::make(std::move(quotient)), DimNode::make(std::move(rest))};
}

// dividend = factor * `dividend` + remainder, divisor = factor * `divisor`, and the remainder is
// too small to change the quotient.
struct Cancelled {
  Dim dividend;
  Dim divisor;
  Dim factor;
  int64_t remainder = 0;
};

uint64_t magnitude(int64_t value) {
  return value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
}

DimFactors common_factors(const DimFactors& a, const DimFactors& b) {
  DimFactors common;
  std::set_intersection(
      a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common),
      [](const DimAtomRef& x, const DimAtomRef& y) { return compare(*x, *y) < 0; });
  return common;
}

Dim divide_terms(const DimTerms& terms, const DimTerm& divisor) {
  DimTerms quotient;
  for (const DimTerm& term : terms) {
    quotient.push_back(
        {term.coefficient / divisor.coefficient, *divide(term.factors, divisor.factors)});
  }
  return DimNode::make(std::move(quotient));
}

// Takes out the greatest common term. A constant divisor may leave a remainder: (4*N+3)/6 is
// (2*N+1)/3.
std::optional<Cancelled> cancel(const Dim& dividend, const Dim& divisor) {
  DimTerms numerator = DimNode::terms_of(dividend);
  const DimTerms denominator = DimNode::terms_of(divisor);
  int64_t loose_constant = 0;
  if (divisor.is_constant() && !numerator.empty() && numerator.back().factors.empty()) {
    loose_constant = numerator.back().coefficient;
    numerator.pop_back();
  }
  uint64_t content = 0;
  DimFactors factors = denominator[0].factors;
  for (const DimTerms* terms : std::initializer_list<const DimTerms*>{&numerator, &denominator}) {
    for (const DimTerm& term : *terms) {
      content = std::gcd(content, magnitude(term.coefficient));
      factors = common_factors(factors, term.factors);
    }
  }
  if (content > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
  if (content == 1 && factors.empty()) return std::nullopt;
  const DimTerm common{static_cast<int64_t>(content), factors};
  const int64_t carried = checked_floor_divide(loose_constant, common.coefficient);
  return Cancelled{divide_terms(numerator, common) + carried, divide_terms(denominator, common),
                   DimNode::make(DimTerms{common}),
                   checked_floor_modulo(loose_constant, common.coefficient)};
}

// (x/p + k) / c is (x + k*p) / (p*c) for a constant c > 0.
std::optional<Dim> flatten_nested(const Dim& dividend, const Dim& divisor) {
  if (!divisor.is_constant()) return std::nullopt;
  const DimTerms terms = DimNode::terms_of(dividend);
  if (terms.empty() || terms.size() > 2 || terms[0].coefficient != 1) return std::nullopt;
  if (terms.size() == 2 && !terms[1].factors.empty()) return std::nullopt;
  if (terms[0].factors.size() != 1) return std::nullopt;
  const DimAtom& inner = *terms[0].factors[0];
  if (inner.op != DimOp::floor_div) return std::nullopt;
  const int64_t offset = terms.size() == 2 ? terms[1].coefficient : 0;
  try {
    return floor_div(inner.args[0] + offset * inner.args[1], inner.args[1] * divisor);
  } catch (const Error&) {
    return std::nullopt;  // p*c overflows: the nested form is as good
  }
}

bool is_negative(const Dim& dim) { return DimNode::terms_of(dim)[0].coefficient < 0; }

void require_divisor(const Dim& dividend, const Dim& divisor) {
  if (divisor.is_constant(0))
    fail(ErrorCode::out_of_range,
         "expected a divisor other than 0 for the size {}; check the model's shapes",
         dividend.to_string());
}

}  // namespace

std::optional<Dim> exact_div(const Dim& a, const Dim& b) {
  const DimTerms divisor = DimNode::terms_of(b);
  if (divisor.empty()) return std::nullopt;
  try {
    Dim rest = a;
    Dim quotient;
    while (!rest.is_constant(0)) {
      const DimTerm lead = DimNode::terms_of(rest)[0];
      const auto factors = divide(lead.factors, divisor[0].factors);
      if (!factors || checked_floor_modulo(lead.coefficient, divisor[0].coefficient) != 0) {
        return std::nullopt;
      }
      const Dim step = DimNode::make(
          DimTerms{{checked_floor_divide(lead.coefficient, divisor[0].coefficient), *factors}});
      quotient = quotient + step;
      rest = rest - step * b;
    }
    return quotient;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::out_of_range) throw;
    return std::nullopt;
  }
}

Dim floor_div(const Dim& a, const Dim& b) {
  require_divisor(a, b);
  if (a.is_constant() && b.is_constant()) return checked_floor_divide(a.constant_, b.constant_);
  if (const auto exact = exact_div(a, b)) return *exact;
  if (is_negative(b)) return floor_div(Dim(0) - a, Dim(0) - b);
  const Split parts = split(a, b);
  if (!parts.quotient.is_constant(0)) return parts.quotient + floor_div(parts.rest, b);
  if (const auto smaller = cancel(a, b)) return floor_div(smaller->dividend, smaller->divisor);
  if (const auto flat = flatten_nested(a, b)) return *flat;
  return DimNode::make(DimOp::floor_div, {a, b});
}

Dim ceil_div(const Dim& a, const Dim& b) {
  require_divisor(a, b);
  if (a.is_constant() && b.is_constant()) return checked_ceil_divide(a.constant_, b.constant_);
  if (const auto exact = exact_div(a, b)) return *exact;
  if (is_negative(b)) return ceil_div(Dim(0) - a, Dim(0) - b);
  // One form for both roundings by a constant: N/2 rounded up is (N+1)/2.
  if (b.is_constant()) return floor_div(a + (b.constant_ - 1), b);
  const Split parts = split(a, b);
  if (!parts.quotient.is_constant(0)) return parts.quotient + ceil_div(parts.rest, b);
  if (const auto smaller = cancel(a, b)) return ceil_div(smaller->dividend, smaller->divisor);
  return DimNode::make(DimOp::ceil_div, {a, b});
}

Dim modulo(const Dim& a, const Dim& b) {
  require_divisor(a, b);
  if (a.is_constant() && b.is_constant()) return checked_floor_modulo(a.constant_, b.constant_);
  if (exact_div(a, b)) return 0;
  if (is_negative(b)) return Dim(0) - modulo(Dim(0) - a, Dim(0) - b);
  const Split parts = split(a, b);
  if (!parts.quotient.is_constant(0)) return modulo(parts.rest, b);
  if (const auto smaller = cancel(a, b)) {
    return smaller->factor * modulo(smaller->dividend, smaller->divisor) + smaller->remainder;
  }
  return DimNode::make(DimOp::modulo, {a, b});
}

}  // namespace cermet
