// Weighted sums of rows, one function for each instruction set.
#pragma once

#include <cstdint>

#include "base/cpu_features.h"

namespace cermet::cpu {

// y[j] = sum over t < taps of weights[t] * rows[t][j] for j < width, in the order of t. y is no
// part of a row; nothing has to be aligned.
using BlendFunction = void (*)(const float* const* rows, const float* weights, int64_t taps,
                               int64_t width, float* y);
const BlendFunction& blend_function(InstructionSet set);

namespace portable {
extern const BlendFunction blend;
}
namespace avx2 {
extern const BlendFunction blend;
}
namespace avx512 {
extern const BlendFunction blend;
}

}  // namespace cermet::cpu
