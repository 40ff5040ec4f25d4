// Windows over channels-last images, each channel by itself; one function for each instruction set.
#pragma once

#include <cstdint>

#include "backends/cpu/run/bounds.h"
#include "base/cpu_features.h"

namespace cermet::cpu {

// y[o * channels + c] = bounded(added[o * channels + c] + bias[c] + sum)
// sum = sum over r < rows, k < columns of
//   x[o * step + r * row + k * column + c] * w[r * w_row + k * channels + c]
// for o < outputs and c < channels. y is no part of x or added; nothing has to be aligned.
struct DepthwiseRow {
  const float* x = nullptr;
  const float* w = nullptr;
  const float* bias = nullptr;   // nullptr: zeros
  const float* added = nullptr;  // nullptr: zeros
  Bounds bounds;
  float* y = nullptr;
  int64_t step = 0, row = 0, column = 0, w_row = 0;
  int64_t rows = 0, columns = 0;
  int64_t channels = 0, outputs = 0;
};
using DepthwiseFunction = void (*)(const DepthwiseRow&);
const DepthwiseFunction& depthwise_function(InstructionSet set);

namespace portable {
extern const DepthwiseFunction depthwise;
}
namespace avx2 {
extern const DepthwiseFunction depthwise;
}
namespace avx512 {
extern const DepthwiseFunction depthwise;
}

}  // namespace cermet::cpu
