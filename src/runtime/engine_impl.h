// A loaded engine: the plan with a kernel for each step.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "cermet/engine.h"
#include "engine/reader.h"
#include "plan/kernel.h"
#include "plan/memory_planner.h"
#include "runtime/engine_device.h"
#include "runtime/plugins.h"

namespace cermet {

struct RuntimeStep;

struct RuntimeRegion {
  const Region* region = nullptr;
  std::vector<RuntimeStep> steps;
};

struct RuntimeStep {
  const Step* step = nullptr;
  size_t index = 0;                // in the order of for_each_step
  const Kernel* kernel = nullptr;  // nullptr: view, dims and control flow, which the executor does
  std::vector<RuntimeRegion> regions;
};

struct Engine::Impl {
  Impl(EngineImage from, Plugins from_plugins, const EngineOptions& options);

  EngineImage image;               // of the plan that runs
  std::vector<std::string> plans;  // EngineSummary's
  size_t model_bytes = 0;
  Plugins plugins;  // closed after the kernels that call them
  // Where the plan uses one: the GPU, or why it can't be used. An engine can be looked at all the
  // same.
  std::unique_ptr<EngineDevice> device;
  std::optional<Error> device_error;
  std::vector<std::unique_ptr<Kernel>> kernels;  // by step index
  RuntimeRegion root;
  std::vector<TensorInfo> inputs, outputs;
  std::vector<bool> has_place;  // by buffer: its memory is in the arena
  // By input: whether all that is done with it is to copy it to the device, so that it may lie
  // there.
  std::vector<bool> copied_inputs;
  // By input: the places in `root` of the last step that copies it to the device, and of the last
  // one that reads it or where it was copied to.
  struct InputReaders {
    size_t last_copy = 0, last = 0;
  };
  std::vector<InputReaders> input_readers;

  const Plan& plan() const { return image.plan; }
  size_t input_index(std::string_view name) const;   // throws invalid_argument
  size_t output_index(std::string_view name) const;  // likewise
};

}  // namespace cermet
