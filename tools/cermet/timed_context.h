// A context that is timed: its tensors lie in the host's memory or in a GPU's.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "cermet/device_memory.h"
#include "measure.h"

namespace cermet::tools {

class TimedContext {
 public:
  // `stream` counts the contexts that run at once, each in a thread of its own.
  TimedContext(const std::shared_ptr<const Engine>& engine, const std::vector<Value>& inputs,
               const MeasureOptions& options, int stream = 0);

  ExecutionContext& context() { return context_; }
  // Returns when the outputs are there. Whether the run may go into a stream, by whose clock it is
  // timed, the first one tells.
  void run();
  // Of the last run by the GPU's clock; nothing where the host takes part in it.
  const std::optional<double>& gpu_ms() const { return gpu_ms_; }

 private:
  void move_tensors(const Engine& engine, const std::vector<Value>& inputs, int gpu);
  bool enqueue();

  // What a run reads and writes lives longer than the context.
  std::vector<DeviceBuffer> buffers_;
  std::optional<DeviceStream> stream_;  // where tensors lie in a GPU's memory
  std::optional<DeviceTimer> timer_;
  ExecutionContext context_;
  std::optional<double> gpu_ms_;
};

}  // namespace cermet::tools
