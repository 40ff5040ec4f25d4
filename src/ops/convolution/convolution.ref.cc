#include "ops/families.ref.h"

namespace cermet {

std::span<const Operator> convolution_operators() { return {}; }

}  // namespace cermet
