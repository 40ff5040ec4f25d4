#include "ops/matrix/einsum_equation.ref.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "base/error.h"

namespace cermet {
namespace {

// One term without spaces, "..." written as '.'.
std::string read_term(std::string_view text) {
  std::string term;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') continue;
    if (text.substr(i, 3) == "...") {
      require(term.find('.') == std::string::npos, ErrorCode::invalid_model,
              "equation: two ellipses in the term '{}'", text);
      term += '.';
      i += 2;
      continue;
    }
    require(std::isalpha(static_cast<unsigned char>(text[i])) != 0, ErrorCode::invalid_model,
            "equation: expected letters in the term '{}', got '{}'", text, text[i]);
    term += text[i];
  }
  return term;
}

// Labels that occur once, sorted, after the ellipsis.
std::string implicit_result(const std::vector<std::string>& operands) {
  std::map<char, int> counts;
  for (const std::string& term : operands)
    for (const char c : term) ++counts[c];
  std::string result;
  if (counts.contains('.')) result += '.';
  for (const auto& [label, count] : counts)
    if (label != '.' && count == 1) result += label;
  return result;
}

std::string ellipsis_labels(size_t count) {
  std::string labels;
  for (size_t i = count; i > 0; --i) labels += static_cast<char>(i - 1);
  return labels;
}

}  // namespace

EinsumEquation EinsumEquation::parse(std::string_view text) {
  EinsumEquation equation;
  const size_t arrow = text.find("->");
  std::string_view left = text.substr(0, arrow);
  for (size_t comma = left.find(','); comma != std::string_view::npos; comma = left.find(',')) {
    equation.operands.push_back(read_term(left.substr(0, comma)));
    left.remove_prefix(comma + 1);
  }
  equation.operands.push_back(read_term(left));
  if (arrow == std::string_view::npos) {
    equation.result = implicit_result(equation.operands);
    return equation;
  }
  equation.result = read_term(text.substr(arrow + 2));
  for (size_t i = 0; i < equation.result.size(); ++i) {
    const char label = equation.result[i];
    const bool known = std::any_of(equation.operands.begin(), equation.operands.end(),
                                   [&](const auto& t) { return t.find(label) != t.npos; });
    require(known, ErrorCode::invalid_model, "equation '{}': label '{}' of the result is unknown",
            text, label);
    require(equation.result.find(label) == i, ErrorCode::invalid_model,
            "equation '{}': label '{}' stands twice in the result", text, label);
  }
  return equation;
}

std::string expand_ellipsis(std::string_view term, size_t rank) {
  const size_t dots = term.find('.');
  const size_t named = term.size() - (dots == std::string_view::npos ? 0 : 1);
  const bool fits = dots == std::string_view::npos ? named == rank : named <= rank;
  require(fits && rank <= 32, ErrorCode::invalid_model,
          "equation: the term '{}' does not fit an operand of rank {}", term, rank);
  return expand_result(term, rank - named);
}

std::string expand_result(std::string_view term, size_t dims) {
  const size_t dots = term.find('.');
  if (dots == std::string_view::npos) return std::string(term);
  return std::string(term.substr(0, dots)) + ellipsis_labels(dims) +
         std::string(term.substr(dots + 1));
}

}  // namespace cermet
