// Whether the items of a batch can be computed one after another.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "plan/plan.h"

namespace cermet {

// In a plan whose inputs and outputs all begin with the symbol `batch`: why a result may depend on
// an item that is not its own, in words, or nothing when each depends on its own alone. Only steps
// that are known to keep items apart pass.
std::optional<std::string> mixes_items(const Plan& plan, std::string_view batch);

}  // namespace cermet
