// A constant right side of matrix products in panels.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "backends/cpu/run/gemm_pack.h"
#include "cermet/tensor.h"
#include "problem/problem.h"

namespace cermet::cpu {

// w[block][panel][k][j] of row `block * gemm_depth + k` and column `panel * columns + j`, 0 behind
// the last column; the last block is as deep as what is left.
struct GemmForm {
  int64_t columns = 32;
  int64_t depth = 0, width = 0;  // of the matrix

  int64_t panels() const { return (width + columns - 1) / columns; }
  int64_t elements() const { return panels() * columns * depth; }
  bool operator==(const GemmForm&) const = default;

  // "panels of 32, 257x64"
  std::string to_string() const;
  // Throws invalid_engine.
  static GemmForm parse(std::string_view text);
};

// Of a product whose right side is constant and one matrix; nothing where it is several or empty.
std::optional<GemmForm> gemm_form(const Problem& problem, int64_t columns);
// That matrix where it lies row-major, or turned as Gemm's transB says.
MatrixView matrix_of(const Problem& problem, const Tensor& b, const GemmForm& form);

Tensor pack_matrix(const MatrixView& b, const GemmForm& form, Transpose32 transpose);
// Between forms that differ in columns only.
Tensor change_columns(const Tensor& packed, const GemmForm& from, const GemmForm& to);

}  // namespace cermet::cpu
