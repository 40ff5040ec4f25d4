#include "backends/cuda/build/tactics.h"

#include <vector>

#include "backends/cuda/build/fill.h"
#include "backends/cuda/build/gather.h"
#include "backends/cuda/build/grid_sample.h"
#include "backends/cuda/build/movement.h"
#include "backends/cuda/build/pointwise.h"
#include "backends/cuda/build/quantize.h"
#include "backends/cuda/build/resize.h"
#include "backends/cuda/build/tensor_scatter.h"

namespace cermet::cuda {

std::span<const Tactic> tactics() {
  static const std::vector<Tactic> list{
      pointwise_tactic(),   movement_tactic(), reorder_tactic(),        pad_tactic(),
      gather_tactic(),      scatter_tactic(),  fill_tactic(),           resize_tactic(),
      grid_sample_tactic(), quantize_tactic(), tensor_scatter_tactic(),
  };
  return list;
}

}  // namespace cermet::cuda
