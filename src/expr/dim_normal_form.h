// The normal form of a Dim: a polynomial with int64 coefficients whose atoms are symbols and
// operations that are no polynomials, applied to normal forms. Terms and factors are in one
// canonical order, so equal polynomials are equal term by term. Private to src/expr.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "expr/dim.h"

namespace cermet {

enum class DimOp : uint8_t { symbol, floor_div, ceil_div, modulo, min, max, broadcast };

struct DimAtom {
  DimOp op = DimOp::symbol;
  // A symbol's name, or the operation as printed: atoms of one op are equal when this is.
  std::string text;
  std::vector<Dim> args;  // two for the divisions and modulo, two or more for the others
};

using DimAtomRef = std::shared_ptr<const DimAtom>;
using DimFactors = std::vector<DimAtomRef>;  // sorted, with repetition: N*N is {N, N}

struct DimTerm {
  int64_t coefficient = 0;
  DimFactors factors;  // empty for the constant term
};

using DimTerms = std::vector<DimTerm>;  // highest degree first, the constant last

// What a Dim that is not constant points to.
struct DimNode {
  DimTerms terms;

  // `terms` in any order; like terms are added up.
  static Dim make(DimTerms terms);
  static Dim make(DimOp op, std::vector<Dim> args);
  static Dim make(DimAtomRef atom);
  // The constant 0 has no terms.
  static DimTerms terms_of(const Dim& dim);
  static const DimNode* of(const Dim& dim) { return dim.node_.get(); }
};

// The atom when `dim` is exactly one atom, else null.
const DimAtom* single_atom(const Dim& dim);

// A total order on atoms, and on products of them (graded, so that division terminates): negative
// when a comes first.
int compare(const DimAtom& a, const DimAtom& b);
int compare(const DimFactors& a, const DimFactors& b);

DimFactors multiply(const DimFactors& a, const DimFactors& b);
// a without b's factors; nothing when one is missing.
std::optional<DimFactors> divide(const DimFactors& a, const DimFactors& b);

// "floor_div" ...; how parse() and messages call an operation.
std::string_view name(DimOp op);

// `op` on integers; throws as Dim::evaluate does.
int64_t apply_operation(DimOp op, std::span<const int64_t> args);

// Prints an operation whose arguments are given.
std::string operation_text(DimOp op, const std::vector<Dim>& args);
// A symbol's name, in quotes where it would read as something else.
std::string symbol_text(const std::string& name);

}  // namespace cermet
