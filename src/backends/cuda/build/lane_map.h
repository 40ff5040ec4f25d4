// Kernels that change the elements of lanes by what their lane folds to; see kernels/lane_map.cu.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backends/cuda/build/lanes.h"
#include "tactics/tactic.h"

namespace cermet::cuda {

struct LaneMap {
  Dims dims;      // of input 0, maybe with a dimension split
  Layout layout;  // of these
  std::vector<bool> within;
  // The most elements side by side that results can be made of at once, a power of two, and a size
  // that these have to divide.
  int widest = 1;
  std::optional<Dim> unit = {};

  Lanes lanes() const { return Lanes(dims, layout, within); }
};

// Texts of configurations, and what they take, for a map at typical sizes.
std::vector<std::string> lane_map_configurations(const LaneMap& map, const LaneMap& typical);
double lane_map_estimate(const TacticQuery& query, const LaneMap& typical,
                         std::string_view configuration);

// Statements that write `values`, as Values<T, pack> of the results in the compute type: elements
// `r` to `r + pack` of lane `lane`, the first of which lies `at` elements from the start of memory.
using PackStatements = std::function<std::string(int pack)>;

// Adds the kernel. Declarations of `operation`, a struct's name with its arguments, and of index_t
// have been given to the writer, as have lambdas that the statements need.
void finish_lane_map(KernelWriter& writer, const LaneMap& map, std::string_view operation,
                     std::string_view configuration, const PackStatements& write,
                     DeviceSource& into);

}  // namespace cermet::cuda
