#include <algorithm>
#include <set>

#include "base/error.h"
#include "tactics/size_scan.h"
#include "tactics/tactic.h"
#include "tactics/tuner.h"

namespace cermet {
namespace {

// Measured times that differ by less are the same.
constexpr double tie = 0.02;

class Chooser {
 public:
  Chooser(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options)
      : plan_(plan), tactics_(tactics), options_(options), sizes_(plan) {}

  std::vector<StepChoice> run() {
    collect(plan_.root);
    tune();
    std::vector<StepChoice> choices;
    for (Pending& pending : pending_) {
      if (options_.validate) validate(pending);
      apply(pending);
      choices.push_back(std::move(pending.choice));
    }
    return choices;
  }

  std::set<std::string> requirements;

 private:
  struct Pending {
    Step* step;
    StepChoice choice;
    std::vector<const Tactic*> tactics;  // of the candidates
  };

  // Steps in their order, a body's before the step that it belongs to.
  void collect(Region& region) {
    sizes_.enter(region);
    for (Step& step : region.steps) {
      for (Region& body : step.regions) collect(body);
      const bool defines = sizes_.visit(step);
      if (needs_kernel(step.problem.kind)) list_candidates(step, defines);
    }
  }

  void list_candidates(Step& step, bool defines) {
    Pending pending{&step, {}, {}};
    pending.choice.step = &step;
    const TacticQuery query{&plan_, &step, options_.threads, defines};
    for (const Tactic& tactic : tactics_)
      for (Candidate& candidate : ask(tactic, query)) {
        pending.choice.candidates.push_back(std::move(candidate));
        pending.tactics.push_back(&tactic);
      }
    if (options_.tuner != nullptr)
      options_.tuner->recall_errors(plan_, step, pending.tactics, pending.choice.candidates);
    find_winner(pending.choice);
    pending_.push_back(std::move(pending));
  }

  // One candidate for each configuration.
  std::vector<Candidate> ask(const Tactic& tactic, const TacticQuery& query) const {
    Candidate candidate;
    candidate.tactic = tactic.name;
    if (is_disabled(tactic, *query.step, options_)) {
      candidate.reason = "disabled by the user";
      return {candidate};
    }
    if (auto reason = tactic.reason_against(query)) {
      candidate.reason = std::move(*reason);
      return {candidate};
    }
    candidate.accepted = true;
    std::vector<Candidate> all;
    const std::vector<std::string> configurations =
        tactic.configurations ? tactic.configurations(query) : std::vector<std::string>{""};
    for (const std::string& configuration : configurations) {
      candidate.configuration = configuration;
      if (tactic.estimate) candidate.estimate_us = tactic.estimate(query, configuration);
      all.push_back(candidate);
    }
    return all;
  }

  static bool is_faster(const Candidate& a, const Candidate& b) {
    if (a.measured_us >= 0 || b.measured_us >= 0)
      return a.measured_us >= 0 && (b.measured_us < 0 || a.measured_us < (1 - tie) * b.measured_us);
    return a.estimate_us >= 0 && b.estimate_us >= 0 && a.estimate_us < b.estimate_us;
  }

  static std::string reasons_of(const StepChoice& choice) {
    std::string text;
    for (const Candidate& candidate : choice.candidates)
      text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", candidate.tactic, candidate.reason);
    return text;
  }

  static void find_winner(StepChoice& choice) {
    const Candidate* winner = nullptr;
    for (const Candidate& candidate : choice.candidates)
      if (candidate.accepted && (winner == nullptr || is_faster(candidate, *winner)))
        winner = &candidate;
    require(winner != nullptr, ErrorCode::unsupported, "step '{}': no tactic computes it: {}",
            choice.step->name, reasons_of(choice));
    choice.winner = static_cast<size_t>(winner - choice.candidates.data());
  }

  // The steps that take longest first.
  void tune() {
    if (options_.tuner == nullptr) return;
    std::vector<Pending*> order;
    for (Pending& pending : pending_) order.push_back(&pending);
    const auto time = [](const Pending* pending) {
      return pending->choice.candidates[pending->choice.winner].estimate_us;
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](const Pending* a, const Pending* b) { return time(a) > time(b); });
    size_t done = 0;
    for (Pending* pending : order) {
      if (options_.progress)
        options_.progress(static_cast<double>(done++) / static_cast<double>(order.size()));
      options_.tuner->measure(plan_, *pending->step, pending->tactics, pending->choice.candidates);
      find_winner(pending->choice);
    }
  }

  // A candidate that does not pass is dropped. That is remembered once another one has passed: then
  // it is the kernel that is wrong, not what it was asked for.
  void validate(Pending& pending) {
    const Step& step = *pending.step;
    std::vector<size_t> dropped;
    while (true) {
      Candidate& winner = pending.choice.candidates[pending.choice.winner];
      Validation found = options_.validate(plan_, step, *pending.tactics[pending.choice.winner],
                                           winner.configuration);
      if (found.passed) {
        pending.choice.validation = std::move(found);
        break;
      }
      winner.accepted = false;
      winner.reason = found.text;
      winner.measured_us = -1;
      dropped.push_back(pending.choice.winner);
      require_another(pending.choice, dropped);
      if (options_.tuner != nullptr)
        options_.tuner->measure(plan_, step, pending.tactics, pending.choice.candidates);
      find_winner(pending.choice);
    }
    if (options_.tuner == nullptr) return;
    for (size_t i : dropped)
      options_.tuner->remember_error(plan_, step, *pending.tactics[i],
                                     pending.choice.candidates[i]);
  }

  static void require_another(const StepChoice& choice, const std::vector<size_t>& dropped) {
    for (const Candidate& candidate : choice.candidates)
      if (candidate.accepted) return;
    std::string text;
    for (size_t i : dropped) {
      const Candidate& candidate = choice.candidates[i];
      text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", candidate.tactic, candidate.reason);
    }
    fail(ErrorCode::internal,
         "step '{}' does not compute what the model's nodes {} do: {}. The fault is Cermet's: "
         "`cermet debug bisect` finds what makes it wrong; a build without validation ignores it",
         choice.step->name, fmt::join(choice.step->origin, ", "), text);
  }

  void apply(Pending& pending) {
    explain(pending.choice);
    const Candidate& winner = pending.choice.candidates[pending.choice.winner];
    const Tactic& tactic = *pending.tactics[pending.choice.winner];
    pending.step->choice = {winner.tactic, tactic.version, winner.configuration};
    if (tactic.prepare) tactic.prepare(plan_, *pending.step);
    if (!tactic.requirement.empty()) requirements.emplace(tactic.requirement);
  }

  // "1.35 times as long as TACTIC" of two times above 0.
  static std::string ratio(double time, double best, const std::string& name) {
    return best > 0 ? fmt::format("{:.2f} times as long as {}", time / best, name)
                    : fmt::format("longer than {}", name);
  }

  static std::string reason_of(const Candidate& candidate, const Candidate& winner,
                               const std::string& name) {
    if (winner.measured_us >= 0 && candidate.measured_us >= 0)
      return is_faster(winner, candidate)
                 ? "takes " + ratio(candidate.measured_us, winner.measured_us, name)
                 : fmt::format("as fast as {} within {} %, which comes first in the list", name,
                               100 * tie);
    std::string reason;
    if (winner.measured_us >= 0)
      reason = fmt::format("{} was measured, this was not", name);
    else if (candidate.estimate_us < 0 || winner.estimate_us < 0)
      reason = fmt::format("{} comes first in the list", name);
    else if (candidate.estimate_us > winner.estimate_us)
      reason = "estimated to take " + ratio(candidate.estimate_us, winner.estimate_us, name);
    else
      reason = fmt::format("the estimate is that of {}, which comes first in the list", name);
    return reason + (candidate.unmeasured.empty() ? "" : "; ") + candidate.unmeasured;
  }

  static void explain(StepChoice& choice) {
    const Candidate& winner = choice.candidates[choice.winner];
    const std::string name =
        winner.tactic + (winner.configuration.empty() ? "" : " ") + winner.configuration;
    for (Candidate& candidate : choice.candidates)
      if (candidate.accepted && &candidate != &winner)
        candidate.reason = reason_of(candidate, winner, name);
  }

  Plan& plan_;
  std::span<const Tactic> tactics_;
  const TacticOptions& options_;
  SizeScan sizes_;
  std::vector<Pending> pending_;
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

bool is_disabled(const Tactic& tactic, const Step& step, const TacticOptions& options) {
  if (options.withheld && options.withheld(step, tactic)) return true;
  return std::any_of(options.disabled.begin(), options.disabled.end(), [&](const auto& name) {
    return tactic.name == name || (name.ends_with('.') && tactic.name.starts_with(name));
  });
}

bool is_taken(const TacticQuery& query, std::span<const Tactic> tactics,
              const TacticOptions& options) {
  const auto knowing = tactics.first(tactics.size() - 1);
  return std::any_of(knowing.begin(), knowing.end(), [&](const Tactic& tactic) {
    return !is_disabled(tactic, *query.step, options) && !tactic.reason_against(query);
  });
}

std::vector<StepChoice> choose_tactics(Plan& plan, std::span<const Tactic> tactics,
                                       const TacticOptions& options,
                                       std::vector<std::string>& requirements) {
  Chooser chooser(plan, tactics, options);
  std::vector<StepChoice> choices = chooser.run();
  for (const std::string& requirement : chooser.requirements)
    if (std::find(requirements.begin(), requirements.end(), requirement) == requirements.end())
      requirements.push_back(requirement);
  return choices;
}

}  // namespace cermet
