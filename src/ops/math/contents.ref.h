// Propagation of the contents of short integer vectors, which exported models compute sizes with.
#pragma once

#include <optional>
#include <span>

#include "ops/infer.ref.h"

namespace cermet {

// Contents of input i when it is a short vector or scalar of int32, int64 or boolean (0 or 1).
std::optional<Dims> operand_contents(const InferContext& context, size_t i);

// One element of the result from the elements of the inputs; nothing when it can't be said.
using ContentsRule = std::optional<Dim> (*)(std::span<const Dim> operands);

// Gives output 0 the contents that `rule` makes of all inputs' contents, which broadcast. Does
// nothing when any is unknown. The type of output 0 is `element`, int32, int64 or boolean.
void set_elementwise_contents(InferContext& context, ElementType element, ContentsRule rule);

// What is known of two expressions for all sizes (symbols are at least 0).
std::optional<bool> known_equal(const Dim& a, const Dim& b);
std::optional<bool> known_less(const Dim& a, const Dim& b);
// Division that rounds towards zero, where the signs are known well enough.
std::optional<Dim> truncated_div(const Dim& a, const Dim& b);

}  // namespace cermet
