// Two ways from a graph to its results: node by node, and the engine's road with the reference
// kernels alone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cermet/engine.h"
#include "ir/graph.h"
#include "passes/pass.h"
#include "plan/plan.h"

namespace cermet::testing {

// Every value of the graph (not of its bodies) by id, from operators' reference kernels. Takes
// graphs as the importer makes them: no fused nodes. The oracle: it shares no code with lowering
// and the runtime.
std::vector<std::optional<Value>> interpret_all(const Graph& graph,
                                                const std::vector<Value>& inputs);
std::vector<Value> interpret(const Graph& graph, const std::vector<Value>& inputs);

// Which kernels an engine takes: the reference for every step, our own where they fit, or what a
// build takes by itself (oneDNN's too, where it is present).
enum class Kernels { reference, own, any };
std::shared_ptr<const Engine> engine_of(const Graph& graph, std::vector<Profile> profiles = {},
                                        Kernels kernels = Kernels::reference);
// Of a plan as lower() gives it.
std::shared_ptr<const Engine> engine_of(Plan plan, Kernels kernels = Kernels::reference);
std::vector<Value> run_engine(const std::shared_ptr<const Engine>& engine,
                              const std::vector<Value>& inputs);
// With inputs that begin with a batch, once for each item of it: the results side by side.
std::vector<Value> run_item_by_item(const std::shared_ptr<const Engine>& engine,
                                    const std::vector<Value>& inputs);
std::vector<Value> run_graph(const Graph& graph, const std::vector<Value>& inputs);

// Costs under which whatever spares a step pays: a step takes as long as any other, cuts nothing.
const CostOracle& costs_by_steps();

// The graph after the passes, verified.
Graph optimised(Graph graph, PassOptions options = {});
// With one pass only, which counts costs_by_steps() where it chooses by cost.
Graph after_pass(Graph graph, std::string_view pass);

// Where two values differ, in words; nothing when they agree. Numbers of float types may differ by
// `relative` of their size or by `absolute`; NaN agrees with NaN only. `any_for_nan`: where NaN is
// expected, anything will do.
std::optional<std::string> difference(const Value& expected, const Value& got, double relative,
                                      double absolute, bool any_for_nan = false);

}  // namespace cermet::testing
