// What a pool makes of the rows under its window, one table for each instruction set.
#pragma once

#include <cstdint>

#include "base/cpu_features.h"

namespace cermet::cpu {

// y[j] = reduce(rows[t][j] over t < taps) * factor for j < width. y is no part of a row; nothing
// has to be aligned.
using PoolFunction = void (*)(const float* const* rows, int64_t taps, int64_t width, float factor,
                              float* y);
struct PoolFunctions {
  PoolFunction sum;  // in the order of t; 0 without taps
  PoolFunction max;  // NaN where one is; -infinity without taps. The factor is not used
};
const PoolFunctions& pool_functions(InstructionSet set);

namespace portable {
extern const PoolFunctions pool;
}
namespace avx2 {
extern const PoolFunctions pool;
}
namespace avx512 {
extern const PoolFunctions pool;
}

}  // namespace cermet::cpu
