#include "backends/cuda/build/tactics.h"

#include <vector>

#include "backends/cuda/build/gemm.h"
#include "backends/cuda/build/gemv.h"
#include "backends/cuda/build/pointwise.h"

namespace cermet::cuda {

std::span<const Tactic> tactics() {
  static const std::vector<Tactic> list{
      pointwise_tactic(),
      gemv_tactic(),
      gemm_tactic(),
      gemm_fma_tactic(),
      convolution_tactic(),
      convolution_fma_tactic(),
  };
  return list;
}

}  // namespace cermet::cuda
