#include "backends/cpu/run/gemm_pack.h"

#include <algorithm>
#include <cstring>

namespace cermet::cpu {

ProductFunctions product_functions(InstructionSet set) {
  return {gemm_functions(set), row_functions(set), transpose_32(set)};
}

void pack_rows(const MatrixView& a, int64_t height, int64_t depth, float factor,
               const ProductFunctions& functions, float* to) {
  if (a.column == 1) {
    for (int64_t r = 0; r < height; ++r)
      functions.rows.scale(depth, a.at(r, 0), 0, factor, to + r * gemm_row);
    return;
  }
  if (a.row == 1)
    functions.transpose(depth, height, a.data, a.column, to, gemm_row);
  else
    for (int64_t r = 0; r < height; ++r)
      for (int64_t k = 0; k < depth; ++k) to[r * gemm_row + k] = *a.at(r, k);
  if (factor == 1) return;
  for (int64_t r = 0; r < height; ++r)
    functions.rows.scale(depth, to + r * gemm_row, 0, factor, to + r * gemm_row);
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
