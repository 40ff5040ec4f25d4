// Engines for the GPU from graphs, built as the builder does it, with validation.
#pragma once

#include <memory>
#include <vector>

#include "cermet/engine.h"
#include "ir/graph.h"
#include "plan/plan.h"

namespace cermet::testing {

// `model`: what `optimised` was before the passes, with which kernels are compared.
std::shared_ptr<const Engine> engine_on_device(const Graph& optimised, const Graph& model,
                                               int card = 0);
// The plan of such an engine, of steps that are placed but have no kernels yet.
Plan placed_plan(const Graph& optimised);

// So many runs in one context.
std::vector<std::vector<Value>> run_often(const std::shared_ptr<const Engine>& engine,
                                          const std::vector<Value>& inputs, int times);
// Launches, their capture as a graph, the graph's own launch.
std::vector<std::vector<Value>> run_three_times(const std::shared_ptr<const Engine>& engine,
                                                const std::vector<Value>& inputs);

}  // namespace cermet::testing
