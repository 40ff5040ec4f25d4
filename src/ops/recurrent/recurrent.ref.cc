#include "ops/families.ref.h"

namespace cermet {

std::span<const Operator> recurrent_operators() { return {}; }

}  // namespace cermet
