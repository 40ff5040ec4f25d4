// The kernels of this module: each puts its primitives together for given shapes.
#pragma once

#include "backends/cpu/onednn/assembly.h"

namespace cermet::cpu::onednn {

void assemble_convolution(Assembly& assembly);
void assemble_deconvolution(Assembly& assembly);
void assemble_matmul(Assembly& assembly);
void assemble_gemm(Assembly& assembly);
void assemble_pooling(Assembly& assembly);
void assemble_softmax(Assembly& assembly);
void assemble_layer_normalization(Assembly& assembly);
void assemble_reorder(Assembly& assembly);
void assemble_transpose(Assembly& assembly);

}  // namespace cermet::cpu::onednn
