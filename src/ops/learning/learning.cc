// How learning operators of earlier versions become the newest ones.
#include <array>
#include <numeric>

#include "ops/import_rule.h"

namespace cermet {
namespace {

// The first LabelEncoder numbered a list of strings, and went either way by its input's type.
std::optional<std::vector<ValueId>> old_label_encoder(RawNode& node, GraphBuilder& builder) {
  const std::vector<std::string> classes = node.attributes.texts("classes_strings");
  std::vector<int64_t> numbers(classes.size());
  std::iota(numbers.begin(), numbers.end(), 0);
  const bool from_strings = builder.element(node.input(0)) == ElementType::string;
  node.attributes.set(from_strings ? "keys_strings" : "values_strings", classes);
  node.attributes.set(from_strings ? "values_int64s" : "keys_int64s", numbers);
  node.attributes.erase("classes_strings");
  return std::nullopt;
}

}  // namespace

std::span<const ImportRule> learning_import_rules() {
  static constexpr std::array rules{
      ImportRule{"LabelEncoder", 2, old_label_encoder, "ai.onnx.ml"},
  };
  return rules;
}

}  // namespace cermet
