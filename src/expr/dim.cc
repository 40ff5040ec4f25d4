#include "expr/dim.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "expr/dim_normal_form.h"

namespace cermet {

std::string_view name(DimOp op) {
  static constexpr std::array<std::string_view, 7> names = {
      "symbol", "floor_div", "ceil_div", "modulo", "min", "max", "broadcast"};
  return names[static_cast<size_t>(op)];
}

Dim Dim::symbol(std::string_view name) {
  require(!name.empty(), ErrorCode::invalid_argument, "expected a name for a symbol, got none");
  static constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:-";
  std::string clean(name);
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return allowed.find(c) == std::string_view::npos; },
      '_');
  return DimNode::make(std::make_shared<const DimAtom>(DimAtom{DimOp::symbol, clean, {}}));
}

int64_t Dim::constant() const {
  if (!is_constant()) fail(ErrorCode::internal, "expected a constant size, got {}", to_string());
  return constant_;
}

std::optional<std::string> Dim::as_symbol() const {
  const DimAtom* atom = single_atom(*this);
  if (!atom || atom->op != DimOp::symbol) return std::nullopt;
  return atom->text;
}

void Dim::collect_symbols(std::set<std::string>& into) const {
  if (!node_) return;
  for (const DimTerm& term : node_->terms) {
    for (const DimAtomRef& atom : term.factors) {
      if (atom->op == DimOp::symbol) into.insert(atom->text);
      for (const Dim& arg : atom->args) arg.collect_symbols(into);
    }
  }
}

void Dim::collect_data_symbols(std::set<std::string>& into) const {
  std::set<std::string> all;
  collect_symbols(all);
  for (const std::string& symbol : all)
    if (symbol.starts_with(data_symbol_prefix)) into.insert(symbol);
}

bool Dim::is_data_symbol() const {
  const auto symbol = as_symbol();
  return symbol && symbol->starts_with(data_symbol_prefix);
}

bool Dim::operator==(const Dim& other) const {
  if (!node_ || !other.node_) return !node_ && !other.node_ && constant_ == other.constant_;
  if (node_ == other.node_) return true;
  const DimTerms& a = node_->terms;
  const DimTerms& b = other.node_->terms;
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const DimTerm& x, const DimTerm& y) {
    return x.coefficient == y.coefficient && compare(x.factors, y.factors) == 0;
  });
}

Dims to_dims(const std::vector<int64_t>& shape) { return Dims(shape.begin(), shape.end()); }

Dim product(const Dims& dims) {
  Dim result = 1;
  for (const Dim& dim : dims) result = result * dim;
  return result;
}

bool all_constant(const Dims& dims) {
  return std::all_of(dims.begin(), dims.end(), [](const Dim& dim) { return dim.is_constant(); });
}

std::vector<int64_t> constants(const Dims& dims) {
  std::vector<int64_t> values;
  values.reserve(dims.size());
  for (const Dim& dim : dims) values.push_back(dim.constant());
  return values;
}

std::vector<int64_t> evaluate(const Dims& dims, const SymbolValues& values) {
  std::vector<int64_t> result;
  result.reserve(dims.size());
  for (const Dim& dim : dims) result.push_back(dim.evaluate(values));
  return result;
}

}  // namespace cermet
