// From an ONNX model to an engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cermet/engine.h"

namespace cermet {

struct BuildOptions {
  // Ranges of shapes that the engine takes; inputs that a profile leaves out keep the model's
  // shapes. Empty: a free dimension takes any size. Kernels are chosen for `opt` of the first.
  std::vector<ShapeProfile> profiles;
  int threads = 0;          // for which kernels are chosen; 0: one a core
  size_t memory_limit = 0;  // bytes of activations at the largest shapes; 0: none
  // Seconds of measuring kernels; what is not measured by then is chosen by estimates. 0: nothing
  // is measured, and the same model and options give the same bytes.
  double tuning_budget = 10;
  // A file that keeps what was measured, read before and written after a build; see
  // docs/tuning.md. Empty: none.
  std::string timing_cache;
  // A time that the timing cache does not hold is an error: nothing is measured, and the same
  // model, options and cache give the same bytes.
  bool frozen = false;
  std::vector<std::string> skip_passes;
  bool all_passes = true;  // false: none but those in `only_passes`
  std::vector<std::string> only_passes;
  std::string stop_after;                     // "PASS:N": no patch after the Nth of that pass
  std::vector<std::string> marked_outputs;    // values that become outputs too
  std::vector<std::string> disabled_tactics;  // by name, or a prefix such as "onednn."
  // Files of plugins (cermet/plugin.h) whose operators the model may use.
  std::vector<std::string> plugins;
  Logger logger;
  // Called as the build goes on, with a stage's name and the part of the whole that is done, 0
  // to 1.
  std::function<void(std::string_view stage, double done)> progress;
};

struct PassReport {
  std::string name;
  int patches = 0;
  double milliseconds = 0;
};

struct CandidateReport {
  std::string tactic;
  bool accepted = false;
  std::string reason;       // why it lost; empty for the winner
  double estimate_us = -1;  // negative: none
  double measured_us = -1;  // negative: not measured
  std::string configuration;
};

struct StepReport {
  std::string name;
  std::vector<std::string> nodes;
  std::string problem;
  size_t winner = 0;  // index into candidates
  std::vector<CandidateReport> candidates;
};

struct BuildReport {
  std::vector<PassReport> passes;
  std::vector<StepReport> steps;
  std::string imported_graph, optimized_graph, plan;  // as text; only if `keep_text` was set
  bool keep_text = false;
  size_t onnx_nodes = 0;
  int measured_problems = 0;    // whose candidates were timed in this build
  int unmeasured_problems = 0;  // for which the budget was spent
  double milliseconds = 0;
};

// The bytes of an engine file. Throws Error; `report` is filled as far as the build came.
std::vector<std::byte> build_engine(const std::string& model_path, const BuildOptions& options,
                                    BuildReport* report = nullptr);
// Writes the engine, or leaves what was there as it was.
void build_engine_file(const std::string& model_path, const std::string& engine_path,
                       const BuildOptions& options, BuildReport* report = nullptr);

// One problem of a model.
struct ModelProblem {
  std::string where;  // a node, or empty: the model as a whole
  ErrorCode code = ErrorCode::invalid_model;
  std::string message;
};
struct ModelCheck {
  std::vector<ModelProblem> problems;
  int64_t ir_version = 0;
  std::string producer;
  std::vector<std::pair<std::string, int>> opsets;
  std::vector<std::pair<std::string, size_t>> operators;  // how often each occurs
  std::vector<TensorInfo> inputs, outputs;
};
// Finds all problems of a model, not only the first. Throws only when the file can't be read.
ModelCheck check_model(const std::string& model_path, const std::vector<std::string>& plugins = {});

// The names of all passes, in the order in which they run.
std::vector<std::string> pass_names();

}  // namespace cermet
