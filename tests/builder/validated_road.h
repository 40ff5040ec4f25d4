// The builder's road with validation, to be spoiled by tests.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "backends/cpu/build/tactics.h"
#include "builder/validation.h"
#include "lower/lower.h"
#include "passes/pass.h"
#include "precision/precision.h"
#include "tactics/assign_layouts.h"
#include "tactics/split_epilogues.h"

namespace cermet::testing {

// Passes and tactics may be added to or taken away.
struct Road {
  std::vector<Pass> passes{all_passes().begin(), all_passes().end()};
  std::vector<Tactic> tactics{cpu::tactics().begin(), cpu::tactics().end()};
  Tuner* tuner = nullptr;
  ElementType narrow = ElementType::undefined;  // in which float32 is computed

  // The builder's, from the imported graph to chosen kernels.
  std::vector<StepChoice> choose(Graph graph) {
    BuildOptions of_cpu;
    of_cpu.device = "cpu";
    of_cpu.threads = 1;
    const Target target(of_cpu);
    Validator validator(graph, target, 1, narrow);
    run_passes(graph, {}, passes);
    if (narrow != ElementType::undefined) lower_precision(graph, narrow);
    plan = lower(graph);
    TacticOptions options;
    options.tuner = tuner;
    split_epilogues(plan, tactics, options);
    assign_layouts(plan, tactics, options);
    options.validate = [&](const Plan& of, const Step& step, const Tactic& tactic,
                           const std::string& configuration) {
      return validator.validate(of, step, tactic, configuration);
    };
    std::vector<std::string> requirements;
    return choose_tactics(plan, tactics, options, requirements);
  }

  Plan plan = {};
};

// The first that stands for the node.
inline const StepChoice& step_of(const std::vector<StepChoice>& choices, std::string_view node) {
  return *std::ranges::find_if(choices, [&](const StepChoice& choice) {
    return std::ranges::find(choice.step->origin, node) != choice.step->origin.end();
  });
}

// A tactic like the one of that name, spoiled by `prepare`, in front of all others.
inline void insert_wrong(Road& road, std::string_view name, void (*prepare)(Plan&, Step&)) {
  Tactic wrong = *std::ranges::find(road.tactics, name, &Tactic::name);
  wrong.version += 100;
  wrong.prepare = prepare;
  wrong.estimate = [](const TacticQuery&, std::string_view) { return 0.0; };
  road.tactics.insert(road.tactics.begin(), wrong);
}

// No such window: the edges of the image are computed from others.
inline void shift_window(Plan&, Step& step) {
  step.choice.version -= 100;
  step.problem.attributes.set("pads", std::vector<int64_t>{0, 2, 2, 0});
}

// A rewrite that forgets what the operator does.
inline std::vector<Patch> remove_relu(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    if (!graph.node(id).is("Relu")) continue;
    patches.emplace_back(graph);
    patches.back().consume(id);
    patches.back().replace(graph.node(id).outputs[0], graph.node(id).inputs[0]);
  }
  return patches;
}

}  // namespace cermet::testing
