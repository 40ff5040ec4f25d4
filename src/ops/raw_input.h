// Inputs that an import rule can't do without.
#pragma once

#include "base/error.h"
#include "ops/import_rule.h"

namespace cermet {

// Throws invalid_model when the model leaves input i out.
inline ValueId required_input(const RawNode& node, size_t i) {
  require(node.input(i) != no_value, ErrorCode::invalid_model,
          "{}: input {} is missing; the node has {}", node.op, i, node.inputs.size());
  return node.inputs[i];
}

}  // namespace cermet
