#include "backends/cpu/run/gemm_pack.h"

#include <algorithm>
#include <cstring>

namespace cermet::cpu {

void pack_rows(const MatrixView& a, int64_t height, int64_t depth, float factor, float* to) {
  if (a.row == 1) {
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t r = 0; r < height; ++r) to[k * height + r] = factor * *a.at(r, k);
    return;
  }
  // Some columns at a time, so that the target stays in the first-level cache.
  constexpr int64_t block = 64;
  for (int64_t k0 = 0; k0 < depth; k0 += block)
    for (int64_t r = 0; r < height; ++r)
      for (int64_t k = k0; k < std::min(k0 + block, depth); ++k)
        to[k * height + r] = factor * *a.at(r, k);
}

void pack_columns(const MatrixView& b, int64_t depth, int64_t width, int64_t panel,
                  Transpose32 transpose, float* to) {
  if (width < panel) std::fill(to, to + depth * panel, 0.0f);
  if (b.column == 1) {
    for (int64_t k = 0; k < depth; ++k)
      std::memcpy(to + k * panel, b.at(k, 0), static_cast<size_t>(width) * sizeof(float));
    return;
  }
  if (b.row == 1) return transpose(width, depth, b.data, b.column, to, panel);
  for (int64_t j = 0; j < width; ++j)
    for (int64_t k = 0; k < depth; ++k) to[k * panel + j] = *b.at(k, j);
}

}  // namespace cermet::cpu
