#include "ops/import_rule.h"

namespace cermet {
namespace {

// An optional without an element keeps its type as text.
std::optional<std::vector<ValueId>> import_optional(RawNode& node, GraphBuilder&) {
  const auto type = node.types.find("type");
  if (type != node.types.end()) node.attributes.set("type", type->second.to_string());
  return std::nullopt;
}

}  // namespace

std::span<const ImportRule> sequence_import_rules() {
  static constexpr ImportRule rules[] = {{"Optional", 0, import_optional}};
  return rules;
}

}  // namespace cermet
