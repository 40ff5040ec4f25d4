#include "tactics/weigh_epilogues.h"

#include <algorithm>
#include <array>
#include <set>

#include "tactics/candidates.h"
#include "tactics/cut_step.h"
#include "tactics/size_scan.h"

namespace cermet {
namespace {

// One way of doing a step: all at once, or cut. Its times are those of all its steps.
struct Way {
  Candidate total;
  const CutExpression* cut = nullptr;
};

class Weigher {
 public:
  Weigher(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options)
      : plan_(plan), tactics_(tactics), options_(options), sizes_(plan) {}

  void region(Region& region) {
    sizes_.enter(region);
    std::vector<Step> result;
    for (size_t i = 0; i < region.steps.size(); ++i) {
      Step& step = region.steps[i];
      for (Region& body : step.regions) this->region(body);
      // What gives a size its value runs by one kernel alone.
      const bool defines = sizes_.visit(step);
      const bool is_cut = i + 1 < region.steps.size() && is_rest(region.steps[i + 1], step);
      if (!defines && !is_cut && step.problem.has_epilogue() && weigh(step, result)) continue;
      result.push_back(std::move(step));
    }
    region.steps = std::move(result);
  }

  EpilogueCuts lost;

 private:
  // Whether `next` does the end of the step's epilogue already.
  static bool is_rest(const Step& next, const Step& step) {
    return next.name == step.name + ".epilogue";
  }

  TacticQuery query(const Step& step) const { return options_.query(plan_, step); }

  // Whether the step was replaced by its parts.
  bool weigh(const Step& step, std::vector<Step>& into) {
    const std::vector<CutExpression> cuts = worthwhile_cuts(step);
    if (cuts.empty()) return false;
    std::vector<Way> ways;
    if (auto way = whole(step)) ways.push_back(std::move(*way));
    for (const CutExpression& cut : cuts)
      if (auto way = cut_way(step, cut)) ways.push_back(std::move(*way));
    if (ways.size() < 2) return false;
    compare_alike(ways);
    const Way* best = ways.data();
    for (const Way& way : ways)
      if (is_faster(way.total, best->total)) best = &way;
    BufferId result = step.outputs[0];
    if (best->cut != nullptr) {
      CutStep parts = cut_step(plan_, step, *best->cut);
      result = parts.head.outputs[0];
      into.push_back(std::move(parts.head));
      into.push_back(std::move(parts.rest));
    }
    for (Way& way : ways) {
      if (&way == best) continue;
      way.total.reason = why_lost(way.total, best->total);
      lost[result].push_back(way.total);
    }
    return best->cut != nullptr;
  }

  // Measured times say nothing beside estimates.
  static void compare_alike(std::vector<Way>& ways) {
    if (std::ranges::all_of(ways, [](const Way& way) { return way.total.measured_us >= 0; }))
      return;
    for (Way& way : ways) way.total.measured_us = -1;
  }

  // For each tactic that does not take the whole the longest head that it takes. The last tactic of
  // the list takes everything.
  std::vector<CutExpression> worthwhile_cuts(const Step& step) {
    std::vector<CutExpression> cuts = cuts_of(step.problem.expression);
    std::set<size_t> found;
    for (const Tactic& tactic : tactics_.first(tactics_.size() - 1)) {
      if (takes(tactic, query(step), options_)) continue;
      for (size_t i = 0; i < cuts.size(); ++i) {
        const CutStep parts = cut_step(plan_, step, cuts[i]);
        const bool taken = takes(tactic, query(parts.head), options_);
        plan_.buffers.pop_back();
        if (!taken) continue;
        found.insert(i);
        break;
      }
    }
    std::vector<CutExpression> result;
    for (const size_t i : found) result.push_back(std::move(cuts[i]));
    return result;
  }

  std::optional<Way> whole(const Step& step) {
    Way way;
    if (!rate(way, std::span(&step, 1))) return std::nullopt;
    way.total.configuration = "with the whole epilogue";
    return way;
  }

  std::optional<Way> cut_way(const Step& step, const CutExpression& cut) {
    CutStep parts = cut_step(plan_, step, cut);
    const std::array steps{std::move(parts.head), std::move(parts.rest)};
    Way way;
    way.cut = &cut;
    const bool possible = rate(way, steps);
    way.total.configuration = "with an epilogue that is cut before " + cut.tail.to_string();
    plan_.buffers.pop_back();
    return possible ? std::optional(way) : std::nullopt;
  }

  // Sums up the times of the best kernels; false where a step has none.
  bool rate(Way& way, std::span<const Step> steps) {
    way.total.accepted = true;
    way.total.estimate_us = way.total.measured_us = 0;
    for (const Step& step : steps) {
      Candidates candidates = find_candidates(query(step), tactics_, options_);
      candidates.measure(query(step), options_, true);
      const auto found = candidates.best();
      if (!found) return false;
      const Candidate& best = candidates.list[*found];
      way.total.tactic += (way.total.tactic.empty() ? "" : " + ") + best.tactic;
      add(way.total.estimate_us, best.estimate_us);
      add(way.total.measured_us, best.measured_us);
    }
    return true;
  }

  // Unknown where one of the times is.
  static void add(double& sum, double time) { sum = sum < 0 || time < 0 ? -1 : sum + time; }

  Plan& plan_;
  std::span<const Tactic> tactics_;
  const TacticOptions& options_;
  SizeScan sizes_;
};

}  // namespace

EpilogueCuts weigh_epilogues(Plan& plan, std::span<const Tactic> tactics,
                             const TacticOptions& options) {
  Weigher weigher(plan, tactics, options);
  weigher.region(plan.root);
  return std::move(weigher.lost);
}

}  // namespace cermet
