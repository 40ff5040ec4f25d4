#include "ops/families.ref.h"

namespace cermet {

std::span<const Operator> movement_operators() { return {}; }

}  // namespace cermet
