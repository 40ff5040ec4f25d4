#include "tactics/tuner.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/error.h"
#include "tactics/compile_ahead.h"
#include "tactics/lone_step.h"
#include "tactics/typical_shapes.h"

namespace cermet {
namespace {

constexpr double hopeless = 4;   // times the lowest estimate
constexpr double brief_us = 50;  // what is estimated to take less is measured all the same
constexpr std::ptrdiff_t most_compiled =
    10;                          // candidates of a step on a device, those of the lowest estimates
constexpr double promising = 2;  // times the lowest estimate: worth one of them for any tactic
constexpr double compiling_part = 0.6;  // of the budget
constexpr size_t fewest_rounds = 5, most_rounds = 21;
constexpr double enough_us = 60e3;      // of one problem's runs, all candidates together
constexpr double clearly_slower = 1.5;  // after the first rounds
constexpr double longest_budget = 1e9;  // seconds; beyond it a clock's ticks overflow

bool constants_are_cold(const Plan& plan) {
  constexpr size_t cached = size_t{16} << 20;  // by a last-level cache of today
  size_t bytes = 0;
  for (const PlanConstant& constant : plan.constants) bytes += constant.tensor.bytes();
  return bytes > cached;
}

std::string problem_key(const Plan& plan, const Step& step) {
  std::string key = step.problem.to_string() + " @";
  if (const auto shapes = typical_shapes(plan, step))
    for (const auto* operands : {&shapes->inputs, &shapes->outputs})
      for (const auto& shape : *operands) key += " " + (shape ? to_string(*shape) : "-");
  return key + (constants_are_cold(plan) ? " from memory" : "");
}

// The lower quartile: on a busy machine half of the runs may be disturbed, which the median would
// show and the kernel is not to blame for.
double usual_time(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 4];
}

// Kernels that a library has ready: they need no compiling, and its estimates say nothing of those
// of others.
bool is_of_library(const Tactic& tactic) { return tactic.library_version != nullptr; }

double lowest_estimate(const std::vector<Candidate>& candidates,
                       std::span<const Tactic* const> tactics) {
  double lowest = -1;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& candidate = candidates[i];
    if (candidate.accepted && !is_of_library(*tactics[i]) && candidate.estimate_us >= 0 &&
        (lowest < 0 || candidate.estimate_us < lowest))
      lowest = candidate.estimate_us;
  }
  return lowest;
}

// The best one of each tactic that promises something, then those of the lowest estimates: another
// algorithm may be faster where all tiles of one are estimated alike.
void sort_by_promise(const std::vector<Candidate>& candidates,
                     std::span<const Tactic* const> tactics, std::span<size_t> rivals) {
  std::stable_sort(rivals.begin(), rivals.end(), [&](size_t a, size_t b) {
    return candidates[a].estimate_us < candidates[b].estimate_us;
  });
  const double lowest = lowest_estimate(candidates, tactics);
  std::set<const Tactic*> seen;
  std::stable_partition(rivals.begin(), rivals.end(), [&](size_t i) {
    return candidates[i].estimate_us <= promising * lowest && seen.insert(tactics[i]).second;
  });
}

// Those are kept that promise most, as every candidate of a device has to be compiled.
void keep_most_promising(std::vector<Candidate>& candidates, std::span<const Tactic* const> tactics,
                         std::vector<size_t>& rivals) {
  const auto ready = std::stable_partition(rivals.begin(), rivals.end(),
                                           [&](size_t i) { return !is_of_library(*tactics[i]); });
  if (ready - rivals.begin() > most_compiled) {
    sort_by_promise(candidates, tactics, {rivals.begin(), ready});
    for (auto i = rivals.begin() + most_compiled; i != ready; ++i)
      candidates[*i].unmeasured =
          fmt::format("not measured: {} others promise more", most_compiled);
    rivals.erase(rivals.begin() + most_compiled, ready);
  }
  std::sort(rivals.begin(), rivals.end());
}

// Indices of the candidates that are worth measuring.
std::vector<size_t> rivals_among(const Step& step, std::span<const Tactic* const> tactics,
                                 std::vector<Candidate>& candidates) {
  const double lowest = lowest_estimate(candidates, tactics);
  std::vector<size_t> rivals;
  for (size_t i = 0; i < candidates.size(); ++i) {
    Candidate& candidate = candidates[i];
    if (i + 1 == candidates.size())
      candidate.unmeasured = "what takes every step is not measured";
    else if (!is_of_library(*tactics[i]) && lowest >= 0 &&
             candidate.estimate_us > std::max(brief_us, hopeless * lowest))
      candidate.unmeasured =
          fmt::format("not measured: its estimate is more than {} times the lowest", hopeless);
    else if (candidate.accepted)
      rivals.push_back(i);
  }
  if (step.place == Place::device) keep_most_promising(candidates, tactics, rivals);
  return rivals;
}

void say_unmeasured(std::vector<Candidate>& candidates, const std::vector<size_t>& rivals,
                    std::string_view why) {
  for (size_t i : rivals) {
    candidates[i].measured_us = -1;
    candidates[i].unmeasured = why;
  }
}

void take_known(Candidate& candidate, double microseconds) {
  if (std::isfinite(microseconds)) {
    candidate.measured_us = microseconds;
    return;
  }
  candidate.accepted = false;
  candidate.reason = "it could not be run when it was to be measured";
}

}  // namespace

struct Tuner::Trial {
  TimingKey key;
  Candidate* candidate = nullptr;
  std::unique_ptr<TimedKernel> kernel;
  std::vector<double> times;
};

Tuner::Tuner(TunerOptions options, TimingCache& cache, KernelTimer timer)
    : options_(options),
      cache_(cache),
      timer_(std::move(timer)),
      deadline_(
          std::chrono::steady_clock::now() +
          std::chrono::duration_cast<std::chrono::steady_clock::duration>(
              std::chrono::duration<double>(std::min(options.budget_seconds, longest_budget)))) {}

void Tuner::measure(const Plan& plan, const Step& step, std::span<const Tactic* const> tactics,
                    std::vector<Candidate>& candidates, bool single) {
  const std::vector<size_t> rivals = rivals_among(step, tactics, candidates);
  if (rivals.size() < (single ? 1 : 2))
    return say_unmeasured(candidates, rivals, "not measured: nothing comes near it");
  if (!typical_shapes(plan, step))
    return say_unmeasured(candidates, rivals,
                          "not measured: its shapes are not known before it runs");

  const std::string problem = problem_key(plan, step);
  std::vector<Trial> trials;
  for (size_t i : rivals) {
    Candidate& candidate = candidates[i];
    Trial trial{key_of(problem, *tactics[i], candidate.configuration), &candidate, nullptr, {}};
    if (const auto known = cache_.find(trial.key)) {
      take_known(candidate, *known);
      continue;
    }
    require(!options_.frozen, ErrorCode::invalid_argument,
            "step '{}': the timing cache holds no time of {} {} with {} threads on {}. Build "
            "without frozen timings to measure it",
            step.name, trial.key.tactic, trial.key.configuration, options_.threads, problem);
    trials.push_back(std::move(trial));
  }
  if (trials.empty()) return;
  const auto leave_out = [&](std::string_view why) {
    ++left_out_;
    say_unmeasured(candidates, rivals, why);
  };
  if (!in_time()) return leave_out("not measured: the tuning budget was spent");
  for (Trial& trial : trials) {
    const size_t i = static_cast<size_t>(trial.candidate - candidates.data());
    if (!prepare(trial, plan, step, *tactics[i]))
      return leave_out("not measured: there is not enough memory to measure it");
  }
  std::erase_if(trials, [](const Trial& trial) { return trial.kernel == nullptr; });
  if (trials.empty()) return;
  run_trials(trials);
  ++measured_;
}

void Tuner::make_ready(const Plan& plan, std::span<const Wish> wishes,
                       const TacticOptions& options) {
  if (options_.budget_seconds <= 0 || options_.frozen) return;
  std::vector<CompileJob> jobs;
  std::set<TimingKey> known;
  for (const Wish& wish : wishes) {
    if (wish.step->place != Place::device || !typical_shapes(plan, *wish.step)) continue;
    const std::vector<size_t> rivals = rivals_among(*wish.step, wish.tactics, *wish.candidates);
    if (rivals.size() < 2) continue;
    const std::string problem = problem_key(plan, *wish.step);
    for (size_t i : rivals) {
      const Candidate& candidate = (*wish.candidates)[i];
      const TimingKey key = key_of(problem, *wish.tactics[i], candidate.configuration);
      if (!cache_.find(key) && known.insert(key).second)
        jobs.push_back({wish.step, wish.tactics[i], candidate.configuration});
    }
  }
  const auto now = std::chrono::steady_clock::now();
  compile_ahead(plan, jobs, options,
                now + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                          compiling_part * (deadline_ - now)));
}

void Tuner::recall_errors(const Plan& plan, const Step& step,
                          std::span<const Tactic* const> tactics,
                          std::vector<Candidate>& candidates) const {
  if (!cache_.holds_errors()) return;
  const std::string problem = problem_key(plan, step);
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (!candidates[i].accepted) continue;
    const auto error = cache_.find_error(key_of(problem, *tactics[i], candidates[i].configuration));
    if (!error) continue;
    candidates[i].accepted = false;
    candidates[i].reason = *error;
  }
}

void Tuner::remember_error(const Plan& plan, const Step& step, const Tactic& tactic,
                           const Candidate& candidate) {
  cache_.add_error(key_of(problem_key(plan, step), tactic, candidate.configuration),
                   candidate.reason);
}

std::optional<PassedValidation> Tuner::recall_passed(const Plan& plan, const Step& step,
                                                     const Tactic& tactic,
                                                     const std::string& configuration,
                                                     const std::string& digest) const {
  return cache_.find_passed(key_of(problem_key(plan, step) + " " + digest, tactic, configuration));
}

void Tuner::remember_passed(const Plan& plan, const Step& step, const Tactic& tactic,
                            const std::string& configuration, const std::string& digest,
                            const PassedValidation& passed) {
  cache_.add_passed(key_of(problem_key(plan, step) + " " + digest, tactic, configuration), passed);
}

TimingKey Tuner::key_of(std::string problem, const Tactic& tactic,
                        const std::string& configuration) const {
  std::string version = fmt::format("{}", tactic.version);
  if (tactic.library_version) version += fmt::format("/{}", tactic.library_version());
  return {std::move(problem), options_.threads, fmt::format("{}@{}", tactic.name, version),
          configuration};
}

// False where memory runs out.
bool Tuner::prepare(Trial& trial, const Plan& plan, const Step& step, const Tactic& tactic) {
  try {
    trial.kernel =
        timer_(lone_step(plan, step, tactic, trial.candidate->configuration, options_.threads),
               options_.threads, constants_are_cold(plan));
    trial.kernel->run();
  } catch (const Error& error) {
    trial.kernel = nullptr;
    if (error.code() == ErrorCode::out_of_memory) return false;
    // It says nothing of the kernel, which the cache would be told of.
    if (error.code() == ErrorCode::device) throw;
    trial.candidate->accepted = false;
    trial.candidate->reason = error.message();
    cache_.add(trial.key, std::numeric_limits<double>::infinity());
  }
  return true;
}

// Rounds in which each kernel runs once, so that whatever disturbs the machine disturbs all.
void Tuner::run_trials(std::vector<Trial>& trials) {
  double spent = 0, best = 0;
  const auto goes_on = [&](size_t round) {
    if (round == 0) return true;
    return round < most_rounds && (round < fewest_rounds || spent < enough_us) && in_time();
  };
  for (size_t round = 0; goes_on(round); ++round) {
    for (Trial& trial : trials) {
      if (round >= fewest_rounds && usual_time(trial.times) > clearly_slower * best) continue;
      trial.times.push_back(trial.kernel->run());
      spent += trial.times.back();
    }
    best = usual_time(trials[0].times);
    for (const Trial& trial : trials) best = std::min(best, usual_time(trial.times));
  }
  for (Trial& trial : trials) {
    trial.candidate->measured_us = cache_.add(trial.key, usual_time(trial.times));
  }
}

}  // namespace cermet
