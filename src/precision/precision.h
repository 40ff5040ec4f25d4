// Whole models in 16 bits: what a graph computes in float32 it computes in float16 or bfloat16 from
// then on, where the operators allow it and the numbers fit.
#pragma once

#include "cermet/logger.h"
#include "ir/graph.h"

namespace cermet {

// Rewrites an optimised graph: passes fold and fuse in float32, so it comes after them and before
// lowering. `type` is float16 or bfloat16.
//
// - Inputs and outputs keep their types, and so do those of the bodies of If, Loop and Scan, which
//   are rewritten too; what a body captures may come in 16 bits.
// - Products (convolutions, matrix products, attention) read and give 16 bits; what only moves,
//   pools or normalises numbers follows its operand. Any other operator stays in float32.
// - Expressions compute in float32: casts are at their operands and results. Operand 0 of an
//   epilogue is the operator's own result, in 16 bits as its inference says; a kernel that keeps it
//   in float32 is nearer to the model.
// - Numbers stay finite: what is beyond the largest number of the type becomes that number. A
//   constant that has such numbers stays in float32, with the operator that reads it (which
//   `logger` is told), unless they only stand for infinity, as in the mask of an attention.
// - A value that the model itself casts to float32 from 16 bits that it computed stays in float32,
//   with what follows from it.
void lower_precision(Graph& graph, ElementType type, const Logger& logger = {});

}  // namespace cermet
