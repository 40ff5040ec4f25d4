// Dropout does nothing outside training; what trains stays an operator.
#pragma once

#include "ops/import_rule.h"

namespace cermet {

// Versions below 12: ratio and is_test are attributes, the mask may have the data's type.
std::optional<std::vector<ValueId>> import_old_dropout(RawNode& node, GraphBuilder& builder);
std::optional<std::vector<ValueId>> import_dropout(RawNode& node, GraphBuilder& builder);

}  // namespace cermet
