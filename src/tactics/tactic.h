// Tactics: the ways in which a backend can compute a problem, and the choice among them.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plan/kernel.h"

namespace cermet {

// What a tactic sees of the step that it is asked about.
struct TacticQuery {
  const Plan* plan = nullptr;
  const Step* step = nullptr;
  int threads = 1;
  bool defines_sizes = false;          // the shape of a result is known only when the step has run
  std::string_view architecture = {};  // of the device for which kernels are chosen: "sm_90"
  bool allow_tf32 = false;             // whether float32 products may be taken on TF32 tensor cores
  // Most shared memory of a block where the kernel is for several architectures; 0: the query's.
  int64_t shared_bytes = 0;

  const Problem& problem() const { return step->problem; }
  // The constant behind input i, or nullptr.
  const Tensor* constant(size_t i) const;
};

struct Tactic {
  std::string_view name;               // "cpu.reference", "onednn.convolution"
  std::string_view source = "cermet";  // whose kernels it brings: "onednn", "cublaslt"
  int32_t version = 1;
  // Why the tactic can't compute the problem, in words; nothing when it can.
  std::optional<std::string> (*rejects)(const TacticQuery&) = nullptr;
  // The texts by which the kernel knows how to compute it, at least one; nullptr: an empty one.
  std::vector<std::string> (*configurations)(const TacticQuery&) = nullptr;
  // A rough time in microseconds at the typical shapes, for the order of candidates; nullptr or a
  // negative number: unknown.
  double (*estimate)(const TacticQuery&, std::string_view configuration) = nullptr;
  // Says where results may go, once the tactic is chosen. nullptr: nowhere but to memory of their
  // own.
  void (*prepare)(Plan&, Step&) = nullptr;
  // A constant input in the form in which the chosen kernel reads it fastest, nothing where that is
  // how it lies. nullptr: nothing.
  std::optional<PackedConstant> (*pack)(const TacticQuery&) = nullptr;
  // What runs on the device for a configuration; nullptr: the tactic is the host's.
  DeviceSource (*generate)(const TacticQuery&, std::string_view configuration) = nullptr;
  Place place = Place::host;
  std::string_view requirement;  // a library that the machine has to have, or empty
  bool dynamic = false;          // its kernel finds the shapes of its results by itself
  // Of the library that the kernel is one of, as far as measured times depend on it; nullptr: they
  // depend on none, or on what the device's name says.
  int64_t (*library_version)() = nullptr;

  // Why the tactic, or every kernel that is bound to shapes, can't compute the step.
  std::optional<std::string> reason_against(const TacticQuery& query) const;
};

class Tuner;

// How a kernel's results on random operands compare with what they should be.
struct Validation {
  bool passed = true;
  int64_t points = 0;  // that were compared; 0: none, for the reason that `text` gives
  double error = 0;    // the largest, in parts of what is allowed at its point
  std::string text;    // how the results depart where they did not pass; else a remark
};

struct TacticOptions {
  std::vector<std::string> disabled;  // names, or prefixes such as "onednn."
  int threads = 1;
  Tuner* tuner = nullptr;         // nullptr: nothing is measured
  std::string architecture = {};  // of the device, where there is one
  bool allow_tf32 = false;
  int64_t shared_bytes = 0;  // as in TacticQuery
  // Called as measuring goes on, with the part that is done, 0 to 1.
  std::function<void(double)> progress = {};
  // Whether the step may not have the tactic. Empty: it may have all that are not disabled.
  std::function<bool(const Step&, const Tactic&)> withheld = {};
  // Tries the kernel that was chosen for a step; one that does not pass gives way to the next
  // candidate. Empty: none is tried.
  std::function<Validation(const Plan&, const Step&, const Tactic&,
                           const std::string& configuration)>
      validate = {};

  // Compiles the kernel of a plan's only step, so that it is there when it is run. Called from
  // several threads. Empty: nothing has to be compiled.
  std::function<void(const Plan&)> compile = {};

  // Sources whose tactics are measured beside the others and never chosen.
  std::vector<std::string> yardsticks = {};

  TacticQuery query(const Plan& plan, const Step& step, bool defines_sizes = false) const {
    return {&plan, &step, threads, defines_sizes, architecture, allow_tf32, shared_bytes};
  }
};

struct Candidate {
  std::string tactic;
  bool accepted = false;
  std::string reason;  // why it lost
  double estimate_us = -1;
  double measured_us = -1;
  std::string configuration;
  std::string unmeasured = {};  // why it was not measured, where the tuner knows
  bool allowed = true;          // false: a yardstick, which is measured and never chosen
};

struct StepChoice {
  const Step* step = nullptr;  // valid as long as the plan's steps stay in place
  std::vector<Candidate> candidates;
  size_t winner = 0;
  std::optional<Validation> validation;  // of the winner, if it was tried
};

// Gives every step that needs a kernel its Choice: of the tactics that take the problem the one
// that was measured to be fastest, else the one with the lowest estimate; where neither decides,
// the one that comes first in the list. The list ends with one that takes everything. Libraries
// that the choices need are added to `requirements`, each once.
std::vector<StepChoice> choose_tactics(Plan& plan, std::span<const Tactic> tactics,
                                       const TacticOptions& options,
                                       std::vector<std::string>& requirements);

// Whether the step may have the tactic, and the tactic can compute it.
bool takes(const Tactic& tactic, const TacticQuery& query, const TacticOptions& options);

// Whether a tactic other than the last of the list, which takes everything row-major, computes the
// step.
bool is_taken(const TacticQuery& query, std::span<const Tactic> tactics,
              const TacticOptions& options);

// Whether the options keep the tactic from being chosen for the step.
bool is_disabled(const Tactic& tactic, const Step& step, const TacticOptions& options);

// Whether it is measured all the same.
bool is_yardstick(const Tactic& tactic, const TacticOptions& options);

}  // namespace cermet
