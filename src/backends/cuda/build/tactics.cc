#include "backends/cuda/build/tactics.h"

#include <vector>

#include "backends/cuda/build/movement.h"
#include "backends/cuda/build/pointwise.h"

namespace cermet::cuda {

std::span<const Tactic> tactics() {
  static const std::vector<Tactic> list{
      pointwise_tactic(), movement_tactic(), reorder_tactic(), pad_tactic(),
  };
  return list;
}

}  // namespace cermet::cuda
