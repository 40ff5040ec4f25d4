#include "tactics/plan_passes.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "tactics/absorb_cuts.h"
#include "tactics/absorb_transposes.h"
#include "tactics/assign_layouts.h"
#include "tactics/place_views.h"
#include "tactics/split_epilogues.h"

namespace cermet {
namespace {

template <int (*pass)(Plan&)>
int on_plan(Plan& plan, std::span<const Tactic>, const TacticOptions&) {
  return pass(plan);
}

}  // namespace

std::span<const PlanPass> plan_passes() {
  static constexpr std::array passes{
      PlanPass{"assign-layouts", assign_layouts},
      PlanPass{"absorb-transposes", absorb_transposes},
      PlanPass{"cuts-as-views", on_plan<cuts_as_views>},
      PlanPass{"absorb-cuts", absorb_cuts},
      PlanPass{"concat-in-place", on_plan<concat_in_place>},
  };
  return passes;
}

std::vector<PlanPassResult> arrange(Plan& plan, std::span<const Tactic> tactics,
                                    const TacticOptions& options,
                                    std::span<const std::string> skip) {
  split_epilogues(plan, tactics, options);
  std::vector<PlanPassResult> results;
  for (const PlanPass& pass : plan_passes()) {
    if (std::find(skip.begin(), skip.end(), pass.name) != skip.end()) continue;
    const auto start = std::chrono::steady_clock::now();
    const int changes = pass.run(plan, tactics, options);
    const std::chrono::duration<double, std::milli> spent =
        std::chrono::steady_clock::now() - start;
    results.push_back({pass.name, changes, spent.count()});
  }
  return results;
}

}  // namespace cermet
