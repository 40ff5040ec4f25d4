// Interval arithmetic over the normal form.
#include <algorithm>

#include "expr/checked_integer.h"
#include "expr/dim_normal_form.h"

namespace cermet {
namespace {

using Ranges = std::map<std::string, Range, std::less<>>;
using IntegerRule = std::optional<int64_t> (*)(int64_t, int64_t);

// The range of an operation that takes its extremes at the corners of its arguments' ranges.
std::optional<Range> corners(IntegerRule rule, const Range& a, const Range& b) {
  std::optional<Range> result;
  for (const int64_t x : {a.low, a.high}) {
    for (const int64_t y : {b.low, b.high}) {
      const auto value = rule(x, y);
      if (!value) return std::nullopt;
      if (!result) result = Range{*value, *value};
      result->low = std::min(result->low, *value);
      result->high = std::max(result->high, *value);
    }
  }
  return result;
}

bool contains_zero(const Range& range) { return range.low <= 0 && range.high >= 0; }

std::optional<Range> modulo_range(const Range& a, const Range& b) {
  if (contains_zero(b)) return std::nullopt;
  if (b.high < 0) return Range{b.low + 1, 0};
  if (a.low >= 0 && a.high < b.low) return a;
  return Range{0, a.low >= 0 ? std::min(a.high, b.high - 1) : b.high - 1};
}

std::optional<Range> division_range(IntegerRule rule, const Range& a, const Range& b) {
  if (contains_zero(b)) return std::nullopt;
  return corners(rule, a, b);
}

// Sizes of at least 1 that fit each other broadcast to their maximum.
Range broadcast_range(const Range& a, const Range& b) {
  const bool positive = a.low >= 1 && b.low >= 1;
  return {positive ? std::max(a.low, b.low) : std::min(a.low, b.low), std::max(a.high, b.high)};
}

std::optional<Range> operation_range(DimOp op, const Range& a, const Range& b) {
  switch (op) {
    case DimOp::floor_div:
      return division_range(try_floor_divide, a, b);
    case DimOp::ceil_div:
      return division_range(try_ceil_divide, a, b);
    case DimOp::modulo:
      return modulo_range(a, b);
    case DimOp::min:
      return Range{std::min(a.low, b.low), std::min(a.high, b.high)};
    case DimOp::max:
      return Range{std::max(a.low, b.low), std::max(a.high, b.high)};
    case DimOp::broadcast:
      return broadcast_range(a, b);
    case DimOp::symbol:
      break;
  }
  return std::nullopt;
}

std::optional<Range> atom_range(const DimAtom& atom, const Ranges& ranges) {
  if (atom.op == DimOp::symbol) {
    const auto found = ranges.find(atom.text);
    if (found == ranges.end()) return std::nullopt;
    return found->second;
  }
  std::optional<Range> result = bounds(atom.args[0], ranges);
  for (size_t i = 1; result && i < atom.args.size(); ++i) {
    const auto next = bounds(atom.args[i], ranges);
    result = next ? operation_range(atom.op, *result, *next) : std::nullopt;
  }
  return result;
}

}  // namespace

std::optional<Range> bounds(const Dim& dim, const Ranges& ranges) {
  Range sum;
  for (const DimTerm& term : DimNode::terms_of(dim)) {
    std::optional<Range> product = Range{term.coefficient, term.coefficient};
    for (const DimAtomRef& factor : term.factors) {
      const auto range = atom_range(*factor, ranges);
      if (!range) return std::nullopt;
      product = corners(try_multiply, *product, *range);
      if (!product) return std::nullopt;
    }
    const auto low = try_add(sum.low, product->low);
    const auto high = try_add(sum.high, product->high);
    if (!low || !high) return std::nullopt;
    sum = {*low, *high};
  }
  return sum;
}

}  // namespace cermet
