#include "backends/cuda/build/tactics.h"

#include <vector>

#include "backends/cuda/build/normalization.h"
#include "backends/cuda/build/pointwise.h"
#include "backends/cuda/build/pooling.h"
#include "backends/cuda/build/reduction.h"
#include "backends/cuda/build/scan.h"
#include "backends/cuda/build/softmax.h"
#include "backends/cuda/build/topk.h"

namespace cermet::cuda {

std::span<const Tactic> tactics() {
  static const std::vector<Tactic> list{
      pointwise_tactic(),
      reduction_tactic(),
      softmax_tactic(),
      normalization_tactic(),
      batch_normalization_tactic(),
      local_response_tactic(),
      pooling_tactic(),
      scan_tactic(),
      topk_tactic(),
  };
  return list;
}

}  // namespace cermet::cuda
