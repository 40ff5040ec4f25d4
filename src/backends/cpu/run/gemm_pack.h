// Panels in which matrix product tiles read their operands.
#pragma once

#include <cstdint>

#include "backends/cpu/run/gemm_functions.h"
#include "backends/cpu/run/row_functions.h"
#include "backends/cpu/run/strided_copy.h"

namespace cermet::cpu {

// What products of packed panels are made of.
struct ProductFunctions {
  const GemmFunctions& products;
  const RowFunctions& rows;
  Transpose32 transpose;
};
ProductFunctions product_functions(InstructionSet set);

// A matrix of float32 anywhere in memory.
struct MatrixView {
  const float* data = nullptr;
  int64_t row = 0, column = 0;  // strides

  const float* at(int64_t r, int64_t c) const { return data + r * row + c * column; }
};

// to[r * gemm_row + k] = factor * a(r, k) for r < height, k < depth. Rows or columns in one piece
// are copied as such.
void pack_rows(const MatrixView& a, int64_t height, int64_t depth, float factor,
               const ProductFunctions& functions, float* to);
// to[k * panel + j] = b(k, j) for k < depth, j < width, and 0 for width <= j < panel. Columns in
// one piece are copied by `transpose`.
void pack_columns(const MatrixView& b, int64_t depth, int64_t width, int64_t panel,
                  Transpose32 transpose, float* to);

}  // namespace cermet::cpu
