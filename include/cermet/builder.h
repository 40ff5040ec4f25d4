// From an ONNX model to an engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cermet/engine.h"

namespace cermet {

// In which order an input's or output's elements lie in memory.
enum class TensorLayout : int {
  row_major = 0,  // the model's dimensions in their order: NCHW
  channels_last =
      1,  // dimension 1 goes last: NHWC, NWC or NDHWC; for tensors of 3 dimensions or more
};

// What an input or output of the engine is where it differs from the model: the conversion becomes
// part of the engine. The engine's binding has this type, and its shape is in this layout.
struct TensorFormat {
  std::string name;  // empty: for all that no other format names
  // undefined: the model's. Floating-point types (float16, bfloat16, float32, float64) go into each
  // other, integers of 8 bits and more into each other and into floating-point ones.
  ElementType type = ElementType::undefined;
  TensorLayout layout = TensorLayout::row_major;
};

// In which type an engine computes what the model computes in float32. Inputs and outputs keep
// their types.
enum class Precision : int {
  float32 = 0,   // the model's own types
  float16 = 1,   // 11 binary digits, numbers to 65504
  bfloat16 = 2,  // 8 binary digits, float32's range
};

// Whether an engine holds the model it was made of, with which it can be tuned again
// (cermet/tune.h). The file then grows by the weights that no kernel reads as the model has them.
enum class ModelStorage : int {
  automatic = 0,  // where the engine is for a GPU that is elsewhere, and could not be measured
  kept = 1,
  left_out = 2,
};

struct BuildOptions {
  // "cpu"; "cuda" or "cuda:N", a GPU; "auto": the first GPU if there is one that can be used.
  // "cuda,cpu" or "cuda:N,cpu": a plan for the GPU, and one for machines on which that can't run.
  std::string device = "auto";
  // For which kernels of a GPU are compiled: "sm_80", "sm_90a", or "compute_90" for PTX, which
  // newer cards run too. The first is that for which they are chosen. Empty: the card's own, and
  // PTX for newer ones. Where they are named no card is needed: then nothing is measured.
  std::vector<std::string> architectures;
  // Whether steps that the GPU can't do run on the CPU; false: they are an error.
  bool fallback = true;
  // Ranges of shapes that the engine takes, with the model's dimensions in the model's order;
  // inputs that a profile leaves out keep the model's shapes. Empty: a free dimension takes any
  // size. Kernels are chosen for `opt` of the first.
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
  // 16 bits are for devices that are faster in them; operators whose numbers would not fit stay in
  // float32. Sums are computed in float32 in any case.
  Precision precision = Precision::float32;
  // Products of float32 may round their operands to the 11 binary digits of TF32, on devices that
  // have it.
  bool tf32 = false;
  // Each chosen kernel runs on random operands and is compared with the reference of the model's
  // own nodes; one that departs is dropped for the next candidate, see docs/tuning.md.
  bool validate = true;
  ModelStorage model = ModelStorage::automatic;
  std::vector<std::string> skip_passes;  // names as pass_names() gives them
  bool all_passes = true;                // false: none but those in `only_passes`
  std::vector<std::string> only_passes;
  std::string stop_after;                     // "PASS:N": no patch after the Nth of that pass
  std::vector<std::string> marked_outputs;    // values that become outputs too, behind the model's
  std::vector<std::string> disabled_tactics;  // by name, or a prefix such as "onednn."
  // Types and layouts of inputs and outputs; what is not named stays as the model has it.
  std::vector<TensorFormat> input_formats, output_formats;
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

// A fusion that one condition stood in the way of.
struct NearFusionReport {
  std::string pass;
  std::vector<std::string> nodes;  // ONNX nodes that would have become one
  std::string condition;           // "the value 'y' between them has 2 readers"
};

struct CandidateReport {
  std::string tactic;
  bool accepted = false;
  std::string reason;       // why it lost; empty for the winner
  double estimate_us = -1;  // microseconds of one run; negative: none
  double measured_us = -1;  // likewise; negative: not measured
  std::string configuration;
};

// How the chosen kernel's results compare with the model's nodes.
struct ValidationReport {
  int64_t points = 0;  // that were compared; 0: none
  double error = 0;    // the largest, in parts of what is allowed
  std::string reason;  // why nothing was compared, or not with the model
};

struct StepReport {
  std::string name;
  std::vector<std::string> nodes;           // the ONNX nodes that the step came from
  std::string problem;                      // what it computes, in one line
  size_t winner = 0;                        // index into candidates
  std::vector<CandidateReport> candidates;  // none: the step needs no kernel
  ValidationReport validation;
};

// What a build did. The two flags are the caller's wishes; everything else is filled anew.
struct BuildReport {
  std::vector<PassReport> passes;
  std::vector<StepReport> steps;                      // in the order of EngineSummary::steps
  std::vector<NearFusionReport> near_fusions;         // only if `keep_near_fusions` was set
  std::string imported_graph, optimized_graph, plan;  // as text; only if `keep_text` was set
  bool keep_text = false;
  bool keep_near_fusions = false;
  std::string device;           // for which kernels were chosen, and which measured them
  size_t onnx_nodes = 0;        // in the model's main graph
  int measured_problems = 0;    // whose candidates were timed in this build
  int unmeasured_problems = 0;  // for which the budget was spent
  int validated_steps = 0;      // whose kernels were compared with the model's nodes
  double validation_milliseconds = 0;
  double milliseconds = 0;  // of the whole build, wall-clock
  size_t model_bytes = 0;   // by which the model that is kept makes the file larger; 0: none is
  std::vector<BuildReport> on_cpu;  // one, of the CPU's plan, where there are two plans
};

// The bytes of an engine file. Throws io when the model can't be read, invalid_model when it is
// damaged or breaks ONNX's rules, unsupported for what Cermet doesn't do, invalid_argument for
// options that contradict each other or the model, out_of_memory beyond the memory limit, device
// for a plugin that can't be opened, internal where validation
// finds no right kernel for a step. `report` is filled as far as the build came.
std::vector<std::byte> build_engine(const std::string& model_path, const BuildOptions& options,
                                    BuildReport* report = nullptr);
// The same from a model in memory, which is only read during the call. `folder` is where external
// data are; empty: the model may not have any.
std::vector<std::byte> build_engine(std::span<const std::byte> model, const std::string& folder,
                                    const BuildOptions& options, BuildReport* report = nullptr);
// Writes the engine, or leaves what was there as it was. Throws what build_engine() does, and io
// when the file can't be written.
void build_engine_file(const std::string& model_path, const std::string& engine_path,
                       const BuildOptions& options, BuildReport* report = nullptr);

// One problem of a model.
struct ModelProblem {
  std::string where;  // a node, or empty: the model as a whole
  ErrorCode code = ErrorCode::invalid_model;
  std::string message;
};
// What a model holds, and what is wrong with it.
struct ModelCheck {
  std::vector<ModelProblem> problems;
  int64_t ir_version = 0;
  std::string producer;
  std::vector<std::pair<std::string, int>> opsets;        // domain ("": ONNX's own) and version
  std::vector<std::pair<std::string, size_t>> operators;  // how often each occurs
  std::vector<TensorInfo> inputs, outputs;
};
// Finds all problems of a model, not only the first; `plugins` are files whose operators it may
// use. Throws io, invalid_model or device only when the model or a plugin can't be read at all.
ModelCheck check_model(const std::string& model_path, const std::vector<std::string>& plugins = {});

// The names of all passes, in the order in which they run.
std::vector<std::string> pass_names();

}  // namespace cermet
