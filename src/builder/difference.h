// Whether two values agree.
#pragma once

#include <optional>
#include <string>

#include "cermet/tensor.h"

namespace cermet {

// Where two values depart, in words; nothing when they agree. Numbers of float types may be off by
// `tolerance` times the largest finite number of `expected`; NaN agrees with NaN only, other types
// have to be equal.
std::optional<std::string> difference(const Value& expected, const Value& got, double tolerance);

}  // namespace cermet
