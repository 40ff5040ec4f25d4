// What an execution context consists of.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "base/thread_team.h"
#include "runtime/device_arena.h"
#include "runtime/executor.h"

namespace cermet {

// The arena: the caller's memory, or some of the allocator's that grows when needed.
class Arena {
 public:
  explicit Arena(const ContextOptions& options);
  ~Arena() { release(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  std::byte* reserve(size_t bytes);

 private:
  void release();

  Allocator* allocator_;
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
  bool borrowed_ = false;
};

struct BoundInput {
  bool set = false;
  ConstTensorView tensor;
  Value value;
};

struct OutputMemory {
  void* data = nullptr;
  size_t bytes = 0;
};

struct ExecutionContext::Impl {
  Impl(std::shared_ptr<const Engine> from, const ContextOptions& options);

  const Engine::Impl& loaded() const { return engine->impl(); }
  BufferId output_buffer(size_t i) const { return loaded().plan().root.outputs[i]; }
  const ValueType& input_type(size_t i) const {
    return loaded().plan().buffer(loaded().plan().root.inputs[i]).type;
  }

  ShapePlan& plan_for_inputs();
  void check_input(size_t i, Value::Kind kind, ElementType type) const;
  void check_inputs_set() const;
  bool lies_on_device(size_t i) const;
  ShapePlan& prepare();
  void run();
  void run_all();
  void enqueue(cuda::CUstream stream);
  void enqueue_all(cuda::CUstream stream);
  void check_enqueued_tensors() const;
  // The step after which no input is read any more.
  size_t last_reader() const;
  DeviceQueue& needed_queue(std::string_view what) const;
  void set_inputs(int64_t slice);
  void run_slice(Turn& turn, int64_t slice);
  void give_outputs();
  Value on_host(size_t i);
  void copy_outputs(int64_t slice);
  // The part of input i that a slice of the batch reads.
  const ConstTensorView& part(size_t i, int64_t slice);
  // Where the results of several slices lie side by side; nullptr where there is one.
  std::byte* gathered(size_t i) const;
  ConstTensorView output(size_t i) const;

  // The most recently used plan comes first.
  struct CachedPlan {
    std::vector<std::optional<Shape>> shapes;
    std::unique_ptr<ShapePlan> plan;
  };

  std::shared_ptr<const Engine> engine;
  std::unique_ptr<DeviceQueue> queue;  // for an engine that uses a device
  ThreadTeam team;
  bool takes_turns;  // not where the user says which cores are whose
  Arena arena;
  DeviceArena device_arena;
  size_t cache_size;
  Executor executor;
  std::vector<BoundInput> inputs;
  std::vector<ConstTensorView> parts;  // of the inputs, for the slice that runs
  std::vector<OutputMemory> output_memory;
  cuda::CUevent inputs_consumed = nullptr;    // the caller's
  std::shared_ptr<const cuda::Event> origin;  // of measured times
  std::list<CachedPlan> plans;
  size_t current_bytes = 0;
  size_t peak_bytes = 0;
  const ShapePlan* active = nullptr;  // of the last run
  std::byte* memory = nullptr;        // of the last run's arena
  bool ran = false;
};

}  // namespace cermet
