// `cermet run` and `cermet-run`: the same flags, another way to an engine.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/inputs.h"
#include "common/outputs.h"
#include "common/thread_options.h"

namespace cermet::tools {

struct RunOptions {
  std::string file;
  InputOptions inputs;
  OutputOptions outputs;
  std::vector<std::string> plugins;
  std::string device = "auto";
  ThreadOptions threads;
  bool verbose = false;
};

using EngineSource = std::function<std::shared_ptr<const Engine>(const RunOptions&)>;

// Defines the flags of a run; `options` must outlive the command. `file_name` is shown in the help.
void add_run_options(CLI::App& command, RunOptions& options, const std::string& file_name);
// Runs the engine once and gives its outputs; the exit status.
int run_engine(const RunOptions& options, const EngineSource& source);

// Which plan an engine runs that has two; empty for others.
std::string plan_text(const EngineSummary& summary);

// Defines --plugin, which may be repeated.
void add_plugin_option(CLI::App& command, std::vector<std::string>& plugins);
// Defines --random-inputs and --seed, which set `seed`.
void add_random_inputs(CLI::App& command, InputOptions& options);

// Tells an ONNX model from an engine by the file's ending.
bool is_model(const std::string& path);

}  // namespace cermet::tools
