#include "backends/cuda/build/tactics.h"

#include <vector>

#include "backends/cuda/build/attention.h"
#include "backends/cuda/build/pointwise.h"
#include "backends/cuda/build/rotary.h"

namespace cermet::cuda {

std::span<const Tactic> tactics() {
  static const std::vector<Tactic> list{
      pointwise_tactic(),
      attention_tactic(),
      exact_attention_tactic(),
      rotary_tactic(),
  };
  return list;
}

}  // namespace cermet::cuda
