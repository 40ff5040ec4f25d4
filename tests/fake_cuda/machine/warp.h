// The instructions that the lanes of a warp run together, besides those that only exchange values.
#pragma once

#include "machine/machine.h"

namespace fake_cuda {

// d += a * b with the fragments of PTX's mma.
void multiply(emulation::Product kind, void* d, const unsigned* a, const unsigned* b);

// PTX's ldmatrix of four matrices.
void load_matrices(unsigned* r, const void* row, bool transposed);

}  // namespace fake_cuda
