// Layouts that differ by name alone.
#pragma once

#include "expr/dim.h"
#include "expr/layout.h"

namespace cermet {

// Whether a tensor's bytes are the same under both layouts: all that changes place has size 1.
// Layouts of another rank than the tensor's are the same only when they are equal.
bool same_bytes(const Dims& dims, const Layout& a, const Layout& b);

}  // namespace cermet
