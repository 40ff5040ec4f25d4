// --device of the commands that run engines.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cermet/engine.h"

namespace cermet::tools {

// Adds --device; `what` is shown in the help.
void add_device(CLI::App& command, std::string& device, const std::string& what);

// The number of the GPU in "cuda:N" or "cuda:N,cpu"; 0 in other names. Throws invalid_argument for
// what is no device.
int gpu_of(const std::string& device);

// Which plan of an engine that has two runs there.
PlanChoice plan_of(const std::string& device);

// Throws invalid_argument where the engine runs on another kind of processor than `device` asks
// for.
void check_device(const Engine& engine, const std::string& device);

}  // namespace cermet::tools
