// Import rules of the recurrent operators.
#include "ops/import_rule.h"

namespace cermet {
namespace {

// Y was a result only if asked for by attribute; now a model that wants it names it.
std::optional<std::vector<ValueId>> drop_output_sequence(RawNode& node, GraphBuilder&) {
  node.attributes.erase("output_sequence");
  // The first version misspells GRU's default direction.
  if (node.attributes.text("direction", "forward") == "foward")
    node.attributes.set("direction", std::string("forward"));
  return std::nullopt;
}

}  // namespace

std::span<const ImportRule> recurrent_import_rules() {
  static constexpr ImportRule rules[] = {
      {"RNN", 7, drop_output_sequence},
      {"GRU", 7, drop_output_sequence},
      {"LSTM", 7, drop_output_sequence},
  };
  return rules;
}

}  // namespace cermet
