#include "ops/families.ref.h"

namespace cermet {

std::span<const Operator> generation_operators() { return {}; }

}  // namespace cermet
