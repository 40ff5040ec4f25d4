// What a user says of shapes, brought together with what a model says.
#pragma once

#include "cermet/builder.h"
#include "import/onnx/onnx_model.h"
#include "ir/graph.h"
#include "plan/plan.h"

namespace cermet {

// Sizes by symbol.
using Sizes = std::map<std::string, Dim, std::less<>>;

// Sizes that all profiles fix to one number become that number in the model's inputs, but symbols
// in `others` become what stands there. Throws invalid_argument for a range that contradicts the
// model or itself.
void apply_profiles(onnx::OnnxGraph& graph, const std::vector<ShapeProfile>& profiles,
                    const Sizes& others = {});

// The symbols of the graph's inputs at the first profile's opt, for which kernels are chosen.
SymbolValues tuned_sizes(const Graph& graph, const std::vector<ShapeProfile>& profiles);

// The profiles as the engine keeps them.
std::vector<Profile> plan_profiles(const Plan& plan, const std::vector<ShapeProfile>& profiles);

}  // namespace cermet
