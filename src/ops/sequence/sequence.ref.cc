#include "ops/families.ref.h"

namespace cermet {

std::span<const Operator> sequence_operators() { return {}; }

}  // namespace cermet
