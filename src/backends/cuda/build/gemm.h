// Matrix products and convolutions by tiles in shared memory.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

// On tensor cores: 16-bit floats, and float32 where TF32 is allowed.
Tactic gemm_tactic();
Tactic convolution_tactic();
// By Hopper's products of warpgroups; 16-bit floats.
Tactic gemm_warpgroup_tactic();
Tactic convolution_warpgroup_tactic();
// Float32 by multiplications and additions.
Tactic gemm_fma_tactic();
Tactic convolution_fma_tactic();
// Bytes on tensor cores, summed up as int32: MatMulInteger and ConvInteger.
Tactic gemm_bytes_tactic();
Tactic convolution_bytes_tactic();

}  // namespace cermet::cuda
