// Batches that an engine takes slice by slice: several images at once may leave the caches that one
// of them stays in. See docs/adr/0018-batches-in-slices.md.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cermet/builder.h"
#include "import/onnx/onnx_model.h"
#include "plan/plan.h"
#include "problem/cost_oracle.h"

namespace cermet {

// The name of this pass, which comes before all others.
inline constexpr std::string_view slice_batch = "slice-batch";

// The first dimension of all inputs of a model.
struct Batch {
  std::string symbol;
  int64_t least = 0, tuned = 0, most = 0;  // over all profiles; `tuned`: opt of the first

  bool is_fixed() const { return least == most; }
};
// Nothing where the inputs do not all begin with one symbol, or a profile leaves it open.
std::optional<Batch> batch_of(const onnx::OnnxGraph& graph,
                              const std::vector<ShapeProfile>& profiles);

// How a batch is best cut.
struct Slices {
  int64_t items = 0;    // of one slice; 0: it is not cut
  std::string against;  // why it is not, in words
};
// `plan` has the batch as a symbol.
Slices best_slices(const Plan& plan, const Batch& batch, const CostOracle& costs);

// What became of a batch.
struct CutBatch {
  std::optional<Dim> whole;  // its size, where the model is now one of a slice
  std::string against;       // as Slices has it
};
// Gives the model's inputs the sizes of the profiles, and a batch that `slices` cuts the size of a
// slice. `slices` is called while the model has the batch as a symbol.
CutBatch cut_batch(onnx::OnnxModel& model, const std::vector<ShapeProfile>& profiles,
                   const std::function<Slices(const Batch&)>& slices);

}  // namespace cermet
