// Elements from one layout to another, plainly: for what is done once.
#pragma once

#include "expr/layout.h"

namespace cermet {

// The tensor's elements, which lie as `from` says, as `to` says: the bytes of a tensor of the same
// shape, under which they mean something else. Elements of whole bytes, no blocks. Throws
// unsupported for others.
Tensor relayout(const Tensor& tensor, const Layout& from, const Layout& to);

}  // namespace cermet
