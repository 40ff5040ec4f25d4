#include "ops/families.ref.h"

namespace cermet {

std::span<const Operator> text_operators() { return {}; }

}  // namespace cermet
