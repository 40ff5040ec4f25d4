// Measures the candidates of a step, as long as there is time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tactics/tactic.h"
#include "tactics/timing_cache.h"

namespace cermet {

// A kernel that can be run again and again.
class TimedKernel {
 public:
  virtual ~TimedKernel() = default;
  virtual double run() = 0;  // microseconds
};

// Makes the kernel of a plan's only step, on operands of the step's typical shapes. Throws Error
// where it can't be run.
//
// `cold`: each run reads the constants from memory, as it would in a network whose constants don't
// fit a cache.
using KernelTimer =
    std::function<std::unique_ptr<TimedKernel>(const Plan& plan, int threads, bool cold)>;

struct TunerOptions {
  double budget_seconds = 10;
  bool frozen = false;  // what the cache does not hold is an error
  int threads = 1;
};

// Belongs to one build.
class Tuner {
 public:
  Tuner(TunerOptions options, TimingCache& cache, KernelTimer timer);

  // What is to be measured of a step.
  struct Wish {
    const Step* step = nullptr;
    std::span<const Tactic* const> tactics;  // of the candidates
    std::vector<Candidate>* candidates = nullptr;
  };
  // Compiles what measure() will run, for a part of the budget.
  void make_ready(const Plan& plan, std::span<const Wish> wishes, const TacticOptions& options);

  // Fills in the times of accepted candidates; of none, unless the cache holds all, where the
  // budget is spent or memory runs out. A candidate that can't be run is no longer accepted.
  // Candidates that are estimated to take many times as long as the best, and the list's last
  // tactic, are not measured; neither is one that has no rival, unless `single`. `tactics` are
  // those of the candidates.
  void measure(const Plan& plan, const Step& step, std::span<const Tactic* const> tactics,
               std::vector<Candidate>& candidates, bool single = false);

  // Candidates that an earlier build found to be wrong are no longer accepted.
  void recall_errors(const Plan& plan, const Step& step, std::span<const Tactic* const> tactics,
                     std::vector<Candidate>& candidates) const;
  // Keeps the candidate's reason for later builds.
  void remember_error(const Plan& plan, const Step& step, const Tactic& tactic,
                      const Candidate& candidate);

  // What an earlier build found of the kernel on this very step of this very model, which `digest`
  // names; and what this build found, for later ones.
  std::optional<PassedValidation> recall_passed(const Plan& plan, const Step& step,
                                                const Tactic& tactic,
                                                const std::string& configuration,
                                                const std::string& digest) const;
  void remember_passed(const Plan& plan, const Step& step, const Tactic& tactic,
                       const std::string& configuration, const std::string& digest,
                       const PassedValidation& passed);

  bool in_time() const { return std::chrono::steady_clock::now() < deadline_; }
  int measured() const { return measured_; }  // problems
  int left_out() const { return left_out_; }  // problems that nothing was measured of

 private:
  struct Trial;
  TimingKey key_of(std::string problem, const Tactic& tactic,
                   const std::string& configuration) const;
  bool prepare(Trial& trial, const Plan& plan, const Step& step, const Tactic& tactic);
  void run_trials(std::vector<Trial>& trials);

  TunerOptions options_;
  TimingCache& cache_;
  KernelTimer timer_;
  std::chrono::steady_clock::time_point deadline_;
  int measured_ = 0, left_out_ = 0;
};

}  // namespace cermet
