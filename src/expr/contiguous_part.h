// Parts of a tensor that lie in one piece.
#pragma once

#include <optional>

#include "expr/dim.h"
#include "expr/layout.h"

namespace cermet {

// The part of a tensor of sizes `whole` that begins at the index `start` and has the sizes `part`,
// both lying under `layout`: from which element of the whole on the part's elements lie one after
// another. Nothing where they don't for every value of the symbols: all that moves slower than the
// first size above 1 has to be a single index, all that moves faster whole.
std::optional<Dim> contiguous_part(const Dims& whole, const Dims& part, const Dims& start,
                                   const Layout& layout);

}  // namespace cermet
