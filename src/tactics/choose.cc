#include <algorithm>
#include <set>

#include "base/error.h"
#include "tactics/size_scan.h"
#include "tactics/tactic.h"

namespace cermet {
namespace {

class Chooser {
 public:
  Chooser(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options)
      : plan_(plan), tactics_(tactics), options_(options), sizes_(plan) {}

  // Steps in their order, a body's before the step that it belongs to.
  void region(Region& region) {
    sizes_.enter(region);
    for (Step& step : region.steps) {
      for (Region& body : step.regions) this->region(body);
      if (needs_kernel(step.problem.kind))
        choices.push_back(choose(step));
      else
        sizes_.visit(step);
    }
  }

  StepChoice choose(Step& step) {
    StepChoice choice;
    choice.step = &step;
    const Tactic* winner = nullptr;
    const TacticQuery query{&plan_, &step, options_.threads, sizes_.visit(step)};
    for (const Tactic& tactic : tactics_) {
      Candidate candidate = ask(tactic, query);
      if (candidate.accepted &&
          (winner == nullptr || is_faster(candidate, choice.candidates[choice.winner]))) {
        winner = &tactic;
        choice.winner = choice.candidates.size();
      }
      choice.candidates.push_back(std::move(candidate));
    }
    require(winner != nullptr, ErrorCode::unsupported,
            "step '{}': every tactic that could compute it is disabled or rejects it", step.name);
    explain(choice);
    step.choice = {std::string(winner->name), winner->version,
                   choice.candidates[choice.winner].configuration};
    if (winner->prepare) winner->prepare(plan_, step);
    if (!winner->requirement.empty()) requirements.emplace(winner->requirement);
    return choice;
  }

  std::vector<StepChoice> choices;
  std::set<std::string> requirements;

 private:
  static bool is_faster(const Candidate& a, const Candidate& b) {
    return a.estimate_us >= 0 && b.estimate_us >= 0 && a.estimate_us < b.estimate_us;
  }

  static void explain(StepChoice& choice) {
    const Candidate& winner = choice.candidates[choice.winner];
    for (Candidate& candidate : choice.candidates) {
      if (!candidate.accepted || &candidate == &winner) continue;
      candidate.reason = is_faster(winner, candidate)
                             ? winner.tactic + " is estimated to be faster"
                             : winner.tactic + " comes first in the list";
    }
  }

  Candidate ask(const Tactic& tactic, const TacticQuery& query) {
    Candidate candidate;
    candidate.tactic = tactic.name;
    if (is_disabled(tactic, options_)) {
      candidate.reason = "disabled by the user";
      return candidate;
    }
    if (auto reason = tactic.reason_against(query)) {
      candidate.reason = std::move(*reason);
      return candidate;
    }
    candidate.accepted = true;
    if (tactic.configure) candidate.configuration = tactic.configure(query);
    if (tactic.estimate) candidate.estimate_us = tactic.estimate(query);
    return candidate;
  }

  Plan& plan_;
  std::span<const Tactic> tactics_;
  const TacticOptions& options_;
  SizeScan sizes_;
};

}  // namespace

std::optional<std::string> Tactic::reason_against(const TacticQuery& query) const {
  if (query.defines_sizes && !dynamic)
    return "the shape of a result depends on the contents of the inputs";
  return rejects ? rejects(query) : std::nullopt;
}

const Tensor* TacticQuery::constant(size_t i) const {
  if (i >= step->inputs.size() || step->inputs[i] == no_buffer) return nullptr;
  const Buffer& buffer = plan->buffer(step->inputs[i]);
  return buffer.storage == Storage::constant ? &plan->constants[buffer.constant].tensor : nullptr;
}

bool is_disabled(const Tactic& tactic, const TacticOptions& options) {
  return std::any_of(options.disabled.begin(), options.disabled.end(), [&](const auto& name) {
    return tactic.name == name || (name.ends_with('.') && tactic.name.starts_with(name));
  });
}

std::vector<StepChoice> choose_tactics(Plan& plan, std::span<const Tactic> tactics,
                                       const TacticOptions& options,
                                       std::vector<std::string>& requirements) {
  Chooser chooser(plan, tactics, options);
  chooser.region(plan.root);
  for (const std::string& requirement : chooser.requirements)
    if (std::find(requirements.begin(), requirements.end(), requirement) == requirements.end())
      requirements.push_back(requirement);
  return std::move(chooser.choices);
}

}  // namespace cermet
