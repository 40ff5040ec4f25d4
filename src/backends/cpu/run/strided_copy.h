// to[sum of i_d * to_stride_d] = from[sum of i_d * from_stride_d] for every index i: transposes,
// slices, joins and repetitions are all this.
#pragma once

#include "backends/cpu/run/strided.h"
#include "base/cpu_features.h"

namespace cermet::cpu {

// Copies a matrix into its transpose: to[c * to_row + r] = from[r * from_row + c] for r < rows,
// c < columns; elements of 4 bytes, no alignment required.
using Transpose32 = void (*)(int64_t rows, int64_t columns, const void* from, int64_t from_row,
                             void* to, int64_t to_row);
Transpose32 transpose_32(InstructionSet set);

namespace portable {
extern const Transpose32 transpose_32;
}
namespace avx2 {
extern const Transpose32 transpose_32;
}
namespace avx512 {
extern const Transpose32 transpose_32;
}

// Immutable; threads share it.
class StridedCopy {
 public:
  // `loop` has the strides of `from` and of `to`, in elements, in this order; a source's may be 0
  // or negative. Offsets are in elements.
  StridedCopy(StridedLoop loop, int64_t from_offset, int64_t to_offset, size_t element_bytes,
              InstructionSet set);

  int64_t bytes() const { return units_ * unit_bytes_; }
  // The share of one of `workers` threads. Source and target do not overlap.
  void run(const void* from, void* to, int worker, int workers) const;

 private:
  void order_transposition();
  void split_long_rows();
  void run_units(const std::byte* from, std::byte* to, int64_t begin, int64_t end) const;
  void copy_plane(const std::byte* from, std::byte* to, int64_t row_begin, int64_t row_end) const;

  StridedLoop loop_;  // at least 2 dimensions; a unit is a row, or a panel of a transposed plane
  int64_t from_offset_, to_offset_;
  int64_t element_bytes_;
  Transpose32 transpose_32_;
  bool transposes_ = false;
  int64_t panel_ = 1;  // rows of a unit
  int64_t units_ = 0;
  int64_t unit_bytes_ = 0;
};

}  // namespace cermet::cpu
