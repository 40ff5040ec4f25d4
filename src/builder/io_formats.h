// Types and layouts of inputs and outputs that a user chose, as conversions at the graph's border.
#pragma once

#include <vector>

#include "cermet/builder.h"
#include "ir/graph.h"
#include "plan/plan.h"

namespace cermet {

// Gives the graph's inputs and outputs the formats that are asked for, with a Cast and a Transpose
// between them and what the model has. Throws invalid_argument for a name that is no input or
// output or is given twice, unsupported for a conversion that would not keep the values' meaning.
void apply_formats(Graph& graph, const std::vector<TensorFormat>& inputs,
                   const std::vector<TensorFormat>& outputs);

// Brings the sizes of channels-last inputs into the order of the engine's bindings.
void reorder_profiles(std::vector<Profile>& profiles, const std::vector<TensorFormat>& inputs);

}  // namespace cermet
