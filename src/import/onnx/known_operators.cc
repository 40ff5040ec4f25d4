#include "import/onnx/known_operators.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "ops/import_rule.h"

namespace cermet::onnx {
namespace {

constexpr std::array<std::string_view, 4> control{"If", "Loop", "Scan", "SequenceMap"};
constexpr std::string_view training = "ai.onnx.preview.training";

// How many letters have to be added, removed or changed (Levenshtein).
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, changed});
    }
  }
  return row.back();
}

std::vector<std::string_view> known_names(std::string_view domain) {
  std::vector<std::string_view> names;
  for (const Operator* op : all_operators())
    if (op->domain == domain) names.push_back(op->name);
  for (const ImportRule* rule : all_import_rules())
    if (rule->domain == domain) names.push_back(rule->op);
  if (domain.empty()) names.insert(names.end(), control.begin(), control.end());
  return names;
}

}  // namespace

std::string operator_name(std::string_view domain, std::string_view op) {
  return domain.empty() ? std::string(op) : fmt::format("{}.{}", domain, op);
}

bool is_known_operator(std::string_view domain, std::string_view op, int version) {
  if (find_operator(domain, op) != nullptr) return true;
  if (domain.empty() && std::ranges::find(control, op) != control.end()) return true;
  if (domain == training && op == "Gradient") return true;
  return !find_import_rules(domain, op, version).empty();
}

std::string spelling_hint(std::string_view domain, std::string_view op) {
  constexpr size_t most = 2;
  size_t best = std::min(most + 1, op.size() / 2);
  std::string_view found;
  for (const std::string_view name : known_names(domain))
    if (const size_t apart = distance(op, name); apart < best) {
      best = apart;
      found = name;
    }
  if (found.empty()) return "";
  return fmt::format(" Did you mean {}?", operator_name(domain, found));
}

}  // namespace cermet::onnx
