#include <algorithm>

#include "base/error.h"
#include "expr/checked_integer.h"
#include "expr/dim_normal_form.h"

namespace cermet {
namespace {

int64_t apply_broadcast(std::span<const int64_t> args) {
  int64_t result = 1;
  for (const int64_t size : args) {
    if (size == 1) continue;
    require(result == 1 || result == size, ErrorCode::runtime,
            "expected sizes that are equal or 1 to broadcast, got {} and {}", result, size);
    result = size;
  }
  return result;
}

class Evaluation {
 public:
  // `missing` takes the name of a symbol without value, if there is one.
  Evaluation(const SymbolValues& values, std::string* missing)
      : values_(values), missing_(missing) {}

  std::optional<int64_t> operator()(const Dim& dim) const {
    const DimNode* node = DimNode::of(dim);
    if (!node) return dim.constant();
    int64_t sum = 0;
    for (const DimTerm& term : node->terms) {
      int64_t product = term.coefficient;
      for (const DimAtomRef& factor : term.factors) {
        const auto value = atom(*factor);
        if (!value) return std::nullopt;
        product = checked_multiply(product, *value);
      }
      sum = checked_add(sum, product);
    }
    return sum;
  }

 private:
  std::optional<int64_t> atom(const DimAtom& atom) const {
    if (atom.op == DimOp::symbol) {
      const auto found = values_.find(atom.text);
      if (found != values_.end()) return found->second;
      *missing_ = atom.text;
      return std::nullopt;
    }
    std::vector<int64_t> args;
    for (const Dim& arg : atom.args) {
      const auto value = (*this)(arg);
      if (!value) return std::nullopt;
      args.push_back(*value);
    }
    return with_context([&] { return "evaluating the size " + atom.text; },
                        [&] { return apply_operation(atom.op, args); });
  }

  const SymbolValues& values_;
  std::string* missing_;
};

Dim apply_operation(DimOp op, const Dim& a, const Dim& b) {
  switch (op) {
    case DimOp::floor_div:
      return floor_div(a, b);
    case DimOp::ceil_div:
      return ceil_div(a, b);
    case DimOp::modulo:
      return modulo(a, b);
    case DimOp::min:
      return min(a, b);
    case DimOp::max:
      return max(a, b);
    case DimOp::broadcast:
      return broadcast(a, b);
    case DimOp::symbol:
      break;
  }
  fail(ErrorCode::internal, "expected an operation on sizes, got a symbol");
}

}  // namespace

int64_t apply_operation(DimOp op, std::span<const int64_t> args) {
  switch (op) {
    case DimOp::floor_div:
      return checked_floor_divide(args[0], args[1]);
    case DimOp::ceil_div:
      return checked_ceil_divide(args[0], args[1]);
    case DimOp::modulo:
      return checked_floor_modulo(args[0], args[1]);
    case DimOp::min:
      return *std::min_element(args.begin(), args.end());
    case DimOp::max:
      return *std::max_element(args.begin(), args.end());
    case DimOp::broadcast:
      return apply_broadcast(args);
    case DimOp::symbol:
      break;
  }
  fail(ErrorCode::internal, "expected an operation on sizes, got a symbol");
}

int64_t Dim::evaluate(const SymbolValues& values) const {
  std::string missing;
  const auto value = Evaluation(values, &missing)(*this);
  if (!value)
    fail(ErrorCode::out_of_range,
         "evaluating the size {}: expected a value for the symbol '{}', got none", to_string(),
         missing);
  return *value;
}

std::optional<int64_t> Dim::try_evaluate(const SymbolValues& values) const {
  std::string missing;
  return Evaluation(values, &missing)(*this);
}

Dim Dim::substitute(const std::map<std::string, Dim, std::less<>>& values) const {
  if (!node_) return *this;
  Dim sum;
  for (const DimTerm& term : node_->terms) {
    Dim product = term.coefficient;
    for (const DimAtomRef& atom : term.factors) {
      if (atom->op == DimOp::symbol) {
        const auto found = values.find(atom->text);
        product = product * (found == values.end() ? DimNode::make(atom) : found->second);
        continue;
      }
      Dim replaced = atom->args[0].substitute(values);
      for (size_t i = 1; i < atom->args.size(); ++i) {
        replaced = apply_operation(atom->op, replaced, atom->args[i].substitute(values));
      }
      product = product * replaced;
    }
    sum = sum + product;
  }
  return sum;
}

}  // namespace cermet
