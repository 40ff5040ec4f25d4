#include "ops/import_rule.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace cermet {
namespace {

using RuleKey = std::pair<std::string_view, std::string_view>;

struct RuleBook {
  std::vector<const ImportRule*> all;
  std::map<RuleKey, std::vector<const ImportRule*>> by_operator;
};

RuleBook make_book() {
  RuleBook book;
  for (auto family : {math_import_rules, movement_import_rules, reduction_import_rules,
                      matrix_import_rules, convolution_import_rules, normalization_import_rules,
                      quantization_import_rules, recurrent_import_rules, sequence_import_rules,
                      text_import_rules, generation_import_rules, learning_import_rules})
    for (const ImportRule& rule : family()) {
      book.all.push_back(&rule);
      book.by_operator[{rule.domain, rule.op}].push_back(&rule);
    }
  // Versions ascending; a rule for every version works on the newest meaning and comes last.
  for (auto& [key, rules] : book.by_operator)
    std::stable_sort(rules.begin(), rules.end(), [](const ImportRule* a, const ImportRule* b) {
      return std::tuple(a->before == 0, a->before) < std::tuple(b->before == 0, b->before);
    });
  return book;
}

const RuleBook& book() {
  static const RuleBook made = make_book();
  return made;
}

}  // namespace

std::vector<const ImportRule*> find_import_rules(std::string_view domain, std::string_view op,
                                                 int version) {
  std::vector<const ImportRule*> found;
  const auto entry = book().by_operator.find({domain, op});
  if (entry == book().by_operator.end()) return found;
  for (const ImportRule* rule : entry->second)
    if (rule->before == 0 || version < rule->before) found.push_back(rule);
  return found;
}

std::span<const ImportRule* const> all_import_rules() { return book().all; }

std::optional<std::vector<ValueId>> attribute_to_input(RawNode& node, GraphBuilder& builder,
                                                       std::string_view attribute, size_t input) {
  if (!node.attributes.has(attribute)) return std::nullopt;
  if (node.inputs.size() <= input) node.inputs.resize(input + 1, no_value);
  node.inputs[input] = builder.integers(node.attributes.integers(attribute));
  node.attributes.erase(attribute);
  return std::nullopt;
}

}  // namespace cermet
