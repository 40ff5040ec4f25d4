// Printing sizes. `/` is floor_div, `%` modulo; both bind as `*` does, from left to right, and a
// leading minus binds tighter.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "expr/dim_normal_form.h"

namespace cermet {
namespace {

bool is_infix(const DimAtom& atom) {
  return atom.op == DimOp::floor_div || atom.op == DimOp::modulo;
}

std::string factor_text(const DimAtom& atom, bool alone) {
  if (atom.op == DimOp::symbol) return symbol_text(atom.text);
  return is_infix(atom) && !alone ? "(" + atom.text + ")" : atom.text;
}

std::string term_text(const DimTerm& term) {
  if (term.factors.empty()) return std::to_string(term.coefficient);
  std::string text;
  if (term.coefficient == -1) text = "-";
  if (term.coefficient != 1 && term.coefficient != -1) text = fmt::format("{}*", term.coefficient);
  const bool alone = term.coefficient == 1 && term.factors.size() == 1;
  for (size_t i = 0; i < term.factors.size(); ++i) {
    if (i > 0) text += '*';
    text += factor_text(*term.factors[i], alone);
  }
  return text;
}

// In parentheses unless it can stand on the right of `/`.
std::string operand_text(const Dim& dim) {
  const DimAtom* atom = single_atom(dim);
  const bool plain = dim.is_constant() ? dim.constant() >= 0 : atom && !is_infix(*atom);
  return plain ? dim.to_string() : "(" + dim.to_string() + ")";
}

// As operand_text, but products stand on the left of `/` as they are.
std::string dividend_text(const Dim& dim) {
  const DimTerms terms = DimNode::terms_of(dim);
  const bool product = terms.size() == 1 && terms[0].coefficient > 0 &&
                       std::none_of(terms[0].factors.begin(), terms[0].factors.end(),
                                    [](const DimAtomRef& atom) { return is_infix(*atom); });
  return product ? dim.to_string() : operand_text(dim);
}

}  // namespace

std::string symbol_text(const std::string& name) {
  const auto is_plain = [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '.' || c == ':';
  };
  const unsigned char first = static_cast<unsigned char>(name[0]);
  const bool plain =
      (std::isalpha(first) || first == '_') && std::all_of(name.begin(), name.end(), is_plain);
  return plain ? name : "'" + name + "'";
}

std::string operation_text(DimOp op, const std::vector<Dim>& args) {
  if (op == DimOp::floor_div) return dividend_text(args[0]) + "/" + operand_text(args[1]);
  if (op == DimOp::modulo) return dividend_text(args[0]) + "%" + operand_text(args[1]);
  std::string text(name(op));
  for (size_t i = 0; i < args.size(); ++i) text += (i == 0 ? "(" : ", ") + args[i].to_string();
  return text + ")";
}

std::string Dim::to_string() const {
  if (!node_) return std::to_string(constant_);
  std::string text;
  for (const DimTerm& term : node_->terms) {
    // The least integer has no positive counterpart to follow a minus, so it is added.
    const bool needs_plus = term.coefficient > 0 || term.coefficient == INT64_MIN;
    if (!text.empty() && needs_plus) text += '+';
    text += term_text(term);
  }
  return text;
}

std::string to_string(const Dims& dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); ++i) {
    if (i > 0) text += ", ";
    text += dims[i].to_string();
  }
  return text + "]";
}

}  // namespace cermet
