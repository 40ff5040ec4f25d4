#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>

#include "base/error.h"
#include "passes/pass.h"

namespace cermet {
namespace {

// A pass that finds new matches this often on one graph does not end by itself.
constexpr int max_rounds = 64;

struct StopPoint {
  std::string pass;
  int patches = std::numeric_limits<int>::max();
  bool counts = false;  // a number was given: the pass may come round several times
};

using Passes = std::span<const Pass>;

void require_pass(Passes passes, std::string_view name) {
  std::string known;
  for (const Pass& pass : passes) {
    if (pass.name == name) return;
    if (!known.empty()) known += ", ";
    known += pass.name;
  }
  fail(ErrorCode::invalid_argument, "there is no pass '{}'; the passes are: {}", name, known);
}

StopPoint parse_stop(Passes passes, const std::string& text) {
  StopPoint stop;
  if (text.empty()) return stop;
  const size_t colon = text.find(':');
  stop.pass = text.substr(0, colon);
  require_pass(passes, stop.pass);
  if (colon == std::string::npos) return stop;
  const auto [end, error] =
      std::from_chars(text.data() + colon + 1, text.data() + text.size(), stop.patches);
  require(error == std::errc() && end == text.data() + text.size() && stop.patches >= 0,
          ErrorCode::invalid_argument, "stop-after takes PASS or PASS:N, got '{}'", text);
  stop.counts = true;
  return stop;
}

}  // namespace

class PassDriver {
 public:
  PassDriver(const PassOptions& options, Passes passes)
      : options_(options), passes_(passes), stop_(parse_stop(passes, options.stop_after)) {
    for (const std::string& name : options.skip) require_pass(passes, name);
    for (const std::string& name : options.only) require_pass(passes, name);
  }

  std::vector<PassResult> run(Graph& graph) {
    std::vector<PassResult> results;
    for (const Pass& pass : passes_) results.push_back({std::string(pass.name), 0, 0});
    remove_dead_nodes(graph);
    bool changed = true;
    for (int round = 0; changed && round < max_rounds && !stopped_; ++round) {
      changed = false;
      for (size_t i = 0; i < results.size() && !stopped_; ++i) {
        if (changed && passes_[i].stage > passes_[i - 1].stage) break;
        if (enabled(passes_[i].name)) changed |= run_pass(passes_[i], graph, results[i]);
      }
    }
    if (stopped_) remove_dead_nodes(graph);
    if (options_.near_fusions != nullptr) find_near(graph);
    graph.compact();
    return results;
  }

 private:
  bool enabled(std::string_view name) const {
    const auto has = [&](const std::vector<std::string>& names) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    return (options_.all || has(options_.only)) && !has(options_.skip);
  }

  bool run_pass(const Pass& pass, Graph& graph, PassResult& result) {
    const auto start = std::chrono::steady_clock::now();
    const int before = result.patches;
    run_on(pass, graph, result);
    const std::chrono::duration<double, std::milli> spent =
        std::chrono::steady_clock::now() - start;
    result.milliseconds += spent.count();
    if (options_.verify) verify(graph);
    if (pass.name == stop_.pass && (!stop_.counts || result.patches >= stop_.patches))
      stopped_ = true;
    return result.patches > before;
  }

  std::vector<Patch> matches(const Pass& pass, const Graph& graph) const {
    if (const auto* find = std::get_if<Pass::Find>(&pass.find)) return (*find)(graph);
    if (options_.costs == nullptr) return {};
    return std::get<Pass::FindByCost>(pass.find)(graph, *options_.costs);
  }

  void run_on(const Pass& pass, Graph& graph, PassResult& result) {
    for (NodeId id : graph.order())
      for (Graph& body : graph.node(id).subgraphs) run_on(pass, body, result);
    for (int round = 0; round < max_rounds; ++round) {
      bool applied = false;
      for (const Patch& patch : matches(pass, graph)) {
        if (pass.name == stop_.pass && result.patches >= stop_.patches) return;
        if (!with_context([&] { return fmt::format("pass {}", pass.name); },
                          [&] { return apply(pass, graph, patch); }))
          continue;
        ++result.patches;
        applied = true;
        if (options_.on_patch) options_.on_patch(pass.name, result.patches);
      }
      if (!applied) return;
      remove_dead_nodes(graph);
    }
  }

  bool apply(const Pass& pass, Graph& graph, const Patch& patch) {
    const auto alive = [&](NodeId id) { return graph.alive(id); };
    std::vector<NearFusion> better;
    if (options_.near_fusions != nullptr && !patch.better_nodes_.empty() &&
        std::all_of(patch.better_nodes_.begin(), patch.better_nodes_.end(), alive))
      NearFusions(pass.name, better)
          .add(graph, patch.better_nodes_, std::string(patch.better_condition_));
    if (!apply_patch(graph, patch)) return false;
    for (NearFusion& told : better) options_.near_fusions->push_back(std::move(told));
    return true;
  }

  void find_near(const Graph& graph) {
    for (NodeId id : graph.order())
      for (const Graph& body : graph.node(id).subgraphs) find_near(body);
    for (const Pass& pass : passes_) {
      if (!enabled(pass.name)) continue;
      NearFusions near(pass.name, *options_.near_fusions);
      if (const auto* find = std::get_if<Pass::FindNear>(&pass.find_near))
        (*find)(graph, near);
      else if (const auto* by_cost = std::get_if<Pass::FindNearByCost>(&pass.find_near);
               by_cost != nullptr && options_.costs != nullptr)
        (*by_cost)(graph, *options_.costs, near);
    }
  }

  const PassOptions& options_;
  Passes passes_;
  StopPoint stop_;
  bool stopped_ = false;
};

std::vector<PassResult> run_passes(Graph& graph, const PassOptions& options) {
  return run_passes(graph, options, all_passes());
}

std::vector<PassResult> run_passes(Graph& graph, const PassOptions& options, Passes passes) {
  return PassDriver(options, passes).run(graph);
}

int remove_dead_nodes(Graph& graph) {
  int removed = 0;
  const std::vector<NodeId> order = graph.order();
  std::vector<int> readers(graph.value_count(), 0);
  for (NodeId id : order)
    for (ValueId input : graph.node(id).inputs)
      if (input != no_value) ++readers[input];
  for (ValueId output : graph.outputs()) ++readers[output];
  for (size_t i = order.size(); i-- > 0;) {
    Node& node = graph.node(order[i]);
    bool read = false;
    for (ValueId& output : node.outputs) {
      if (output == no_value) continue;
      if (readers[output] > 0) read = true;
    }
    if (read) continue;
    for (ValueId input : node.inputs)
      if (input != no_value) --readers[input];
    graph.remove_node(order[i]);
    ++removed;
  }
  return removed;
}

}  // namespace cermet
