// Attributes of the pools.
#pragma once

#include <vector>

#include "ops/convolution/window.attrs.h"

namespace cermet {

// AveragePool, MaxPool and LpPool.
struct PoolingAttributes {
  Window window;
  bool ceil_mode = false;
  bool count_include_pad = false;     // AveragePool: padding counts in the divisor
  bool column_major_indices = false;  // MaxPool: indices count the first spatial dimension fastest
  int64_t p = 2;                      // LpPool

  static PoolingAttributes from(const Attributes& attributes);

  Dim output_size(const Dim& input, size_t d) const {
    return window.positions(input, d, ceil_mode);
  }
  Padding padding(const Dim& input, size_t d) const { return window.padding(input, d); }
};

// The exponent of LpPool and GlobalLpPool.
int64_t norm_exponent(const Attributes& attributes);

}  // namespace cermet
