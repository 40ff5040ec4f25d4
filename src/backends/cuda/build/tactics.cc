#include "backends/cuda/build/tactics.h"

#include <vector>

#include "backends/cuda/build/deformable.h"
#include "backends/cuda/build/depthwise.h"
#include "backends/cuda/build/direct_convolution.h"
#include "backends/cuda/build/gathered_convolution.h"
#include "backends/cuda/build/plain_convolution.h"
#include "backends/cuda/build/pointwise.h"
#include "backends/cuda/build/recurrent.h"

namespace cermet::cuda {

std::span<const Tactic> tactics() {
  static const std::vector<Tactic> list{
      pointwise_tactic(),
      depthwise_tactic(),
      direct_convolution_tactic(),
      deconvolution_tactic(),
      grouped_convolution_tactic(),
      deformable_tactic(),
      plain_convolution_tactic(),
      recurrent_tactic(),
  };
  return list;
}

}  // namespace cermet::cuda
