// Elements that are read or written at places which another operand names. An index outside of its
// dimension makes the run fail when it has ended; nothing outside of an operand is
// touched.
#pragma once

#include "backends/cuda/build/moved_operands.h"

namespace cermet::cuda {

// "cuda.gather": Gather, GatherElements, GatherND, ReverseSequence.
Tactic gather_tactic();
// "cuda.scatter": ScatterElements, ScatterND. Updates of one place are merged in their order.
Tactic scatter_tactic();

// The place of a block of a GatherND or ScatterND: rows of indices, `depth` each, that name blocks
// of `block` elements.
struct BlockIndex {
  Dim rows, block;
  Dim rows_a_batch;
  size_t batch = 0, depth = 0;
  Dims sizes, strides;  // of the data; strides in blocks for the dimensions that are named

  static BlockIndex of(const OperandSizes& sizes, size_t batch);
  // Why the shapes don't tell the depth, in words.
  static std::optional<std::string> rejects(const Problem& problem, size_t batch);
  // Statements that declare `at`, the block's number, for row `row`.
  std::string place(KernelWriter& writer, const std::string& row) const;
};

bool is_index_type(ElementType type);  // int32 or int64

}  // namespace cermet::cuda
