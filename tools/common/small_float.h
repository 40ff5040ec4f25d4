// The float formats of at most 16 bits, by their bits. Enough to make and to show values.
#pragma once

#include <cstdint>

#include "cermet/element_type.h"

namespace cermet::tools {

// Whether the type is a float of at most 16 bits with a sign and a mantissa.
bool is_small_float(ElementType type);

// The nearest value's bits; ties go to even, finite values too large become the largest. Requires
// is_small_float(type) and a finite value.
uint16_t encode_small_float(ElementType type, double value);
// NaN and infinity where the format has them.
double decode_small_float(ElementType type, uint16_t bits);

}  // namespace cermet::tools
