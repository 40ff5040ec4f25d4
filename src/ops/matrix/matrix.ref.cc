#include "ops/families.ref.h"

namespace cermet {

std::span<const Operator> matrix_operators() { return {}; }

}  // namespace cermet
