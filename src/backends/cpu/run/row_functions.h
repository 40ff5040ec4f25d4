// Functions of whole rows of float32, one table for each instruction set. Rows need no alignment;
// sums are kept in several float32 accumulators. y may be x.
#pragma once

#include <cstdint>

#include "base/cpu_features.h"

namespace cermet::cpu {

struct RowFunctions {
  float (*sum)(int64_t n, const float* x);
  float (*sum_of_magnitudes)(int64_t n, const float* x);
  float (*sum_of_squares)(int64_t n, const float* x, float mean);  // of x - mean
  float (*product)(int64_t n, const float* x);
  float (*max)(int64_t n, const float* x);  // NaN where there is one; of no element -infinity
  float (*min)(int64_t n, const float* x);  // likewise; infinity
  // y = exp(x - shift); gives the sum of y. With y nullptr only the sum.
  float (*exp)(int64_t n, const float* x, float shift, float* y);
  void (*add)(int64_t n, const float* x, float* y);  // y += x
  // y = (x - shift) * factor
  void (*scale)(int64_t n, const float* x, float shift, float factor, float* y);
  // y = (x - shift) * factor * scales + offsets; offsets may be nullptr.
  void (*scale_each)(int64_t n, const float* x, float shift, float factor, const float* scales,
                     const float* offsets, float* y);
};

const RowFunctions& row_functions(InstructionSet set);

namespace portable {
extern const RowFunctions row_table;
}
namespace avx2 {
extern const RowFunctions row_table;
}
namespace avx512 {
extern const RowFunctions row_table;
}

}  // namespace cermet::cpu
