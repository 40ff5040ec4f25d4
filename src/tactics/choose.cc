#include <algorithm>
#include <set>

#include "base/error.h"
#include "tactics/candidates.h"
#include "tactics/compile_ahead.h"
#include "tactics/size_scan.h"
#include "tactics/tuner.h"
#include "tactics/weigh_epilogues.h"

namespace cermet {
namespace {

// What a library has to spare each run, beside a part of it: opening one takes milliseconds, and
// megabytes for as long as the engine lives.
constexpr double least_gain_us = 10;

class Chooser {
 public:
  Chooser(Plan& plan, std::span<const Tactic> tactics, const TacticOptions& options)
      : plan_(plan), tactics_(tactics), options_(options), sizes_(plan) {}

  std::vector<StepChoice> run() {
    cuts_ = weigh_epilogues(plan_, tactics_, options_);
    collect(plan_.root);
    tune();
    while (!settle()) continue;
    std::vector<StepChoice> choices;
    for (Pending& pending : pending_) choices.push_back(apply(pending));
    return choices;
  }

  std::set<std::string> requirements;

 private:
  struct Pending {
    Step* step;
    bool defines_sizes;
    Candidates candidates;
    size_t winner;
    std::optional<size_t> validated;  // the candidate that `validation` is of
    std::optional<Validation> validation;
    std::vector<size_t> dropped;  // did not pass
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
    Candidates found = find_candidates(query(step, defines), tactics_, options_);
    const size_t winner = found.winner(step);
    pending_.push_back({&step, defines, std::move(found), winner, {}, {}, {}});
  }

  TacticQuery query(const Step& step, bool defines) const {
    return options_.query(plan_, step, defines);
  }

  void measure(Pending& pending) {
    pending.candidates.measure(query(*pending.step, pending.defines_sizes), options_);
  }

  // The steps that take longest first.
  void tune() {
    if (options_.tuner == nullptr) return;
    std::vector<Pending*> order;
    for (Pending& pending : pending_) order.push_back(&pending);
    const auto time = [](const Pending* pending) {
      return pending->candidates.list[pending->winner].estimate_us;
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](const Pending* a, const Pending* b) { return time(a) > time(b); });
    std::vector<Tuner::Wish> wishes;
    for (Pending* pending : order)
      wishes.push_back({pending->step, pending->candidates.tactics, &pending->candidates.list});
    options_.tuner->make_ready(plan_, wishes, options_);
    size_t done = 0;
    for (Pending* pending : order) {
      if (options_.progress)
        options_.progress(static_cast<double>(done++) / static_cast<double>(order.size()));
      measure(*pending);
    }
  }

  // A library that hardly makes the whole faster is not worth its memory, and the time of opening
  // it.
  void leave_libraries_closed() {
    std::set<std::string_view> seen{""};
    std::vector<std::string_view> closed;
    while (const auto library = library_of_a_winner(seen)) {
      seen.insert(*library);
      closed.push_back(*library);
      if (!leave_closed(closed)) closed.pop_back();
    }
  }

  // The first in the alphabet that is not in `seen`: what wins in another one's place may be a
  // library's too.
  std::optional<std::string_view> library_of_a_winner(const std::set<std::string_view>& seen) {
    std::optional<std::string_view> first;
    for (const Pending& pending : pending_) {
      const std::string_view library = pending.candidates.tactics[pending.winner]->requirement;
      if (!seen.contains(library) && (!first || library < *first)) first = library;
    }
    return first;
  }

  // Whether the last of the libraries is not worth opening, without the others.
  bool leave_closed(std::span<const std::string_view> closed) {
    const std::string_view library = closed.back();
    double total = 0, gain = 0;
    std::vector<std::pair<Pending*, size_t>> others;
    for (Pending& pending : pending_) {
      const Candidates& all = pending.candidates;
      const auto other = all.best_without(closed);
      if (!other) return false;
      const auto time = all.times(pending.winner, *other);
      if (!time) return false;
      total += time->first;
      gain += time->second - time->first;
      if (*other != pending.winner) others.emplace_back(&pending, *other);
    }
    if (others.empty() || gain > std::max(timing_tie * total, least_gain_us)) return false;
    for (const auto& [pending, other] : others) {
      Candidate& left_out = pending->candidates.list[pending->winner];
      left_out.reason = fmt::format(
          "{}; {} would make the engine {:.1f} us or {:.2f} % faster, which is not worth opening "
          "it",
          how_long(left_out, pending->candidates.list[other]), library, gain, 100 * gain / total);
      pending->winner = other;
    }
    return true;
  }

  // Gives every step its winner. False when one did not pass and was dropped: then others may win,
  // elsewhere too.
  bool settle() {
    for (Pending& pending : pending_) {
      for (Candidate& candidate : pending.candidates.list)
        if (candidate.accepted) candidate.reason.clear();
      pending.winner = pending.candidates.winner(*pending.step);
    }
    leave_libraries_closed();
    compile_winners();
    bool settled = true;
    for (Pending& pending : pending_)
      if (options_.validate && pending.validated != pending.winner) settled &= validate(pending);
    return settled;
  }

  // Those that are to be validated.
  void compile_winners() {
    if (!options_.validate) return;
    std::vector<CompileJob> jobs;
    for (const Pending& pending : pending_)
      if (pending.step->place == Place::device && pending.validated != pending.winner)
        jobs.push_back({pending.step, pending.candidates.tactics[pending.winner],
                        pending.candidates.list[pending.winner].configuration});
    compile_ahead(plan_, jobs, options_, std::chrono::steady_clock::time_point::max());
  }

  // Whether the winner passes. That candidates did not is remembered once another one has passed:
  // then it is the kernels that are wrong, not what they were asked for.
  bool validate(Pending& pending) {
    const Step& step = *pending.step;
    Candidates& all = pending.candidates;
    Candidate& winner = all.list[pending.winner];
    Validation found =
        options_.validate(plan_, step, *all.tactics[pending.winner], winner.configuration);
    if (found.passed) {
      pending.validation = std::move(found);
      pending.validated = pending.winner;
      if (options_.tuner != nullptr)
        for (size_t i : pending.dropped)
          options_.tuner->remember_error(plan_, step, *all.tactics[i], all.list[i]);
      return true;
    }
    winner.accepted = false;
    winner.reason = found.text;
    winner.measured_us = -1;
    pending.dropped.push_back(pending.winner);
    require_another(pending);
    measure(pending);
    return false;
  }

  static void require_another(const Pending& pending) {
    for (const Candidate& candidate : pending.candidates.list)
      if (candidate.accepted && candidate.allowed) return;
    std::string text;
    for (size_t i : pending.dropped) {
      const Candidate& candidate = pending.candidates.list[i];
      text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", candidate.tactic, candidate.reason);
    }
    fail(ErrorCode::internal,
         "step '{}' does not compute what the model's nodes {} do: {}. The fault is Cermet's: "
         "`cermet debug bisect` finds what makes it wrong; a build without validation ignores it",
         pending.step->name, fmt::join(pending.step->origin, ", "), text);
  }

  StepChoice apply(Pending& pending) {
    StepChoice choice{pending.step, std::move(pending.candidates.list), pending.winner,
                      std::move(pending.validation)};
    explain(choice);
    const Candidate& winner = choice.candidates[choice.winner];
    const Tactic& tactic = *pending.candidates.tactics[choice.winner];
    pending.step->choice = {winner.tactic, tactic.version, winner.configuration};
    if (tactic.prepare) tactic.prepare(plan_, *pending.step);
    if (!tactic.requirement.empty()) requirements.emplace(tactic.requirement);
    for (const Candidate& other : cuts_[pending.step->outputs[0]])
      choice.candidates.push_back(other);
    return choice;
  }

  static void explain(StepChoice& choice) {
    Candidate& winner = choice.candidates[choice.winner];
    winner.reason.clear();
    for (Candidate& candidate : choice.candidates)
      if (candidate.accepted && &candidate != &winner && candidate.reason.empty())
        candidate.reason = why_lost(candidate, winner);
  }

  Plan& plan_;
  std::span<const Tactic> tactics_;
  const TacticOptions& options_;
  SizeScan sizes_;
  std::vector<Pending> pending_;
  EpilogueCuts cuts_;
};

}  // namespace

std::optional<std::string> Tactic::reason_against(const TacticQuery& query) const {
  if (place != query.step->place) return fmt::format("runs steps on the {}", cermet::name(place));
  if (query.defines_sizes && !dynamic)
    return "the shape of a result depends on the contents of the inputs";
  return rejects ? rejects(query) : std::nullopt;
}

const Tensor* TacticQuery::constant(size_t i) const {
  if (i >= step->inputs.size() || step->inputs[i] == no_buffer) return nullptr;
  const Buffer& buffer = plan->buffer(step->inputs[i]);
  return buffer.storage == Storage::constant ? &plan->constants[buffer.constant].tensor : nullptr;
}

bool is_yardstick(const Tactic& tactic, const TacticOptions& options) {
  return std::find(options.yardsticks.begin(), options.yardsticks.end(), tactic.source) !=
         options.yardsticks.end();
}

bool is_disabled(const Tactic& tactic, const Step& step, const TacticOptions& options) {
  if (options.withheld && options.withheld(step, tactic)) return true;
  if (is_yardstick(tactic, options)) return true;
  return std::any_of(options.disabled.begin(), options.disabled.end(), [&](const auto& name) {
    return tactic.name == name || (name.ends_with('.') && tactic.name.starts_with(name));
  });
}

bool takes(const Tactic& tactic, const TacticQuery& query, const TacticOptions& options) {
  return !is_disabled(tactic, *query.step, options) && !tactic.reason_against(query);
}

bool is_taken(const TacticQuery& query, std::span<const Tactic> tactics,
              const TacticOptions& options) {
  const auto knowing = tactics.first(tactics.size() - 1);
  return std::any_of(knowing.begin(), knowing.end(),
                     [&](const Tactic& tactic) { return takes(tactic, query, options); });
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
