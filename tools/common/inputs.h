// Where the inputs of a run come from.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cermet/engine.h"

namespace cermet::tools {

struct InputOptions {
  std::vector<std::string> files;  // "NAME=FILE", .npy or .pb
  std::string folder;              // with input_0.pb, input_1.pb ... (or .npy)
  std::string shapes;              // of inputs that are made up; given ones must have them too
  std::optional<uint64_t> seed;    // inputs not given are made up
};

// Defines --input and --shapes.
void add_input_options(CLI::App& command, InputOptions& options);

// One value an input of the engine, in its order. Throws invalid_argument naming inputs that are
// given twice, are unknown or lack a value.
std::vector<Value> gather_inputs(const Engine& engine, const InputOptions& options);

// Of those that are tensors.
InputShapes shapes_of(const Engine& engine, const std::vector<Value>& values);

void set_inputs(ExecutionContext& context, const Engine& engine, const std::vector<Value>& values);

// The value of a .npy or .pb file for an input or output like `info`.
Value read_value_file(const std::string& path, const TensorInfo& info);

}  // namespace cermet::tools
