// Random models and the comparison of what an optimisation made of them with what they say.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "tests/support/random_models/random_scope.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {

struct RandomModel {
  Graph graph;
  std::vector<Value> inputs;
  std::vector<Fact> facts;  // by output
};

// The same for the same seed.
RandomModel random_model(uint64_t seed);
// One whose inputs all begin with N, which is 2 or 3.
RandomModel random_batch_model(uint64_t seed);

using Optimise = std::function<void(Graph&)>;
// All passes, the graph verified after each.
void optimise_fully(Graph& graph);

enum class Outcome { agrees, differs, not_runnable };
struct Comparison {
  Outcome outcome = Outcome::agrees;
  std::string reason;
};
// Runs the model node by node, and optimised as an engine. A model whose own run fails (an index
// outside its tensor, say) proves nothing: not_runnable.
Comparison compare(const RandomModel& model, const Optimise& optimise,
                   Kernels kernels = Kernels::reference);
// The same with an engine that is made elsewhere; its results are those of each of several runs.
using RunAll =
    std::function<std::vector<std::vector<Value>>(const Graph& optimised, const RandomModel&)>;
Comparison compare(const RandomModel& model, const Optimise& optimise, const RunAll& run_all,
                   bool any_for_nan);

// A smaller model for which `fails` still holds: fewer outputs, nodes replaced by what they gave.
RandomModel shrink(RandomModel model, const std::function<bool(const RandomModel&)>& fails);

}  // namespace cermet::testing
