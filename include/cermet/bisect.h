// Which pass, patch or kernel makes a model's results wrong.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cermet/builder.h"

namespace cermet {

struct BisectOptions {
  std::vector<ShapeProfile> profiles;
  int threads = 1;
  // How far numbers of float types may be off, as a part of the largest number of the reference
  // output; other types have to be equal.
  double tolerance = 1e-3;
  // Times by which kernels are chosen (BuildOptions::timing_cache); empty: by estimates alone.
  std::string timing_cache;
  std::vector<std::string> disabled_tactics;
  std::vector<std::string> plugins;
  Logger logger;
  // Gives the inputs, in the model's order.
  std::function<std::vector<Value>(const Engine& reference)> inputs;
  // Called before each run with what is tried.
  std::function<void(std::string_view what)> progress;
};

struct BisectReport {
  enum class Fault { none, patch, tactic };
  Fault fault = Fault::none;
  std::string difference;  // where the results depart, or the error that came instead of them
  int runs = 0;
  int patches = 0;  // of all passes together
  size_t steps = 0;

  // patch: `pass`:`patch` is the first with which the result departs, while with one patch less it
  // agrees; BuildOptions::stop_after takes this text.
  std::string pass;
  int patch = 0;
  std::vector<std::string> before, after;  // nodes that the patch took away and made

  // tactic: the kernel with which the result departs, while with the reference kernel it agrees.
  std::string step, problem, tactic, configuration;
  std::vector<std::string> nodes;  // ONNX's, of the patch or step
};

// Compares results with those of the model as it is imported, computed by reference kernels.
// Finds the patch, or else the step's kernel, by halving what may be at fault; where several are,
// one of them. Throws unsupported for models whose results differ from run to run.
BisectReport bisect_model(const std::string& model_path, const BisectOptions& options);

}  // namespace cermet
