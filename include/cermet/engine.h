// Loading an engine file and running it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cermet/allocator.h"
#include "cermet/error.h"
#include "cermet/execution_plan.h"
#include "cermet/logger.h"
#include "cermet/tensor.h"

namespace cermet {

class DeviceAllocator;  // cermet/device_memory.h

// An input or output as the model states it.
struct TensorInfo {
  std::string name;
  Value::Kind kind = Value::Kind::tensor;
  ElementType type = ElementType::undefined;
  // One text a dimension: a number, a symbol such as "N", or an expression of symbols. Nothing
  // when the rank is only known while running, and for sequences and optionals.
  std::optional<std::vector<std::string>> dims;
};

// The range of shapes of one input within a profile.
struct ShapeRange {
  std::string name;
  Shape min, opt, max;
};
using ShapeProfile = std::vector<ShapeRange>;

// A step of the engine, for people.
struct StepInfo {
  std::string name;
  std::string kind;     // "convolution"
  std::string problem;  // everything about it, in one line
  std::string tactic;   // "cpu.reference"
  std::string configuration;
  std::vector<std::string> origin;  // the ONNX nodes that it came from
  int depth = 0;                    // 0: the main sequence; more: within branches and loops
  std::string place = "host";       // or "device"
};

struct EngineSummary {
  std::string version;                    // of Cermet when it was built
  std::string options;                    // with which it was built
  std::vector<std::string> requirements;  // what a machine needs to run it
  size_t constant_bytes = 0;
  // Of the model that is kept for tuning the engine again (cermet/tune.h); 0: it is left out.
  size_t model_bytes = 0;
  std::string runs_on;             // Engine::runs_on()
  std::vector<std::string> plans;  // of all plans in the file, `options`; more than one: GPU, CPU
  int64_t slice_items = 0;  // of its batch that a run takes at a time, slice by slice; 0: all
  std::vector<ShapeProfile> profiles;
  std::vector<StepInfo> steps;
};

// Which plan of an engine that has one for a GPU and one for the CPU (`--device cuda,cpu`).
enum class PlanChoice : int {
  usable = 0,  // the GPU's where it can be used, else the CPU's with a warning that says why
  gpu = 1,
  cpu = 2,
};

using InputShapes = std::map<std::string, Shape, std::less<>>;

struct EngineOptions {
  Logger logger = {};
  // Files of the plugins that the engine needs (cermet/plugin.h), open as long as the engine is.
  std::vector<std::string> plugins = {};
  // The number of the GPU for an engine that uses one, as list_devices() counts: 1 is cuda:1. The
  // same file may be loaded for several at once, each an engine of its own.
  int device = 0;
  PlanChoice plan = PlanChoice::usable;
  // For the memory that the engine and its contexts take of the GPU (cermet/device_memory.h);
  // nullptr: the driver's. Host memory that copies go through is not of it.
  DeviceAllocator* device_allocator = nullptr;
  // Most bytes of the GPU's memory that the engine's constants and its contexts take together; 0:
  // no limit. What needs more throws out_of_memory; memory that the caller gives does not count.
  size_t device_memory_limit = 0;
};

// Immutable; any number of threads and contexts may share one.
class Engine {
 public:
  // Maps the file, which must not be changed while the engine lives. Throws io, invalid_engine
  // (damaged, foreign, other version), device (this machine lacks what the engine needs) or
  // invalid_argument for a plan that the engine has not. Where its GPU can't be used the engine is
  // loaded all the same, to be looked at; making a context throws.
  static std::shared_ptr<const Engine> load(const std::string& path,
                                            const EngineOptions& options = {});
  // The same from the bytes of a file, which are copied.
  static std::shared_ptr<const Engine> from_memory(std::span<const std::byte> bytes,
                                                   const EngineOptions& options = {});
  ~Engine();

  const std::vector<TensorInfo>& inputs() const;   // in the order of the model
  const std::vector<TensorInfo>& outputs() const;  // likewise
  // "cpu", or "cuda:0 (NVIDIA H200, sm_90)"; empty where nothing here can run it.
  std::string runs_on() const;
  // What the engine consists of, for people; made anew by each call.
  EngineSummary summary() const;
  // Bytes of activations that a context with so many threads needs at these input shapes; equal to
  // what it then uses. Sizes that depend on data are not in it. Inputs of fixed shape may be left
  // out. Throws invalid_argument for unknown names and open sizes without a shape, out_of_range for
  // shapes that fit no profile.
  size_t activation_bytes(const InputShapes& shapes, int threads = 1) const;
  // Those of them that are the GPU's: how much ExecutionContext::set_device_memory() has to give.
  size_t device_activation_bytes(const InputShapes& shapes) const;
  // What such a context does and where its tensors lie. Throws as a run at these shapes would.
  ExecutionPlan execution_plan(const InputShapes& shapes, int threads = 1) const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct ContextOptions {
  int threads = 0;  // of this context, the caller of execute() among them; 0: one a core
  Allocator* allocator = nullptr;  // for the arena and dynamic values; nullptr: the default one
  // Memory for the arena that the caller keeps; a run that needs more fails. nullptr: allocated.
  void* memory = nullptr;
  size_t memory_bytes = 0;  // of `memory`, which is aligned to 64 bytes
  size_t shape_cache = 16;  // plans for so many sets of shapes are kept
  // Microseconds for which threads stay awake between two steps or two runs before they sleep.
  // Longer answers sooner, and takes the cores from others meanwhile. 0: they sleep at once.
  int spin_us = 200;
  // Thread i is kept on cpus[i % cpus.size()], but for the caller (thread 0), which stays where it
  // is. Empty: the system places them.
  std::vector<int> cpus = {};
  // Whether the context takes memory of the GPU for its activations, where the engine uses one;
  // else ExecutionContext::set_device_memory() has to give some before the first run.
  bool takes_device_memory = true;
  // Whether runs push NVTX ranges, for NVIDIA's profilers: one for each run, in it one for each
  // step by the names of its ONNX nodes. Steps of the GPU are launched one by one then, without
  // graphs. Without a profiler nothing is pushed.
  bool nvtx = false;
  // Streams beside the context's own in which branches that don't need each other may run side by
  // side on the GPU: so many at most. Whether they do is measured in the first runs on the same
  // addresses, and the faster way stays; results are the same bits. 0: everything runs in turn.
  int max_aux_streams = 4;
};

struct StepTime {
  size_t step = 0;  // index into EngineSummary::steps
  double microseconds = 0;
  double begin = 0;  // microseconds after run_begin()
};

// Runs an engine for one caller at a time; several contexts of one engine run at once.
class ExecutionContext {
 public:
  // The context keeps the engine. Throws invalid_argument for no engine, a negative number of
  // threads or microseconds, or memory that is not aligned. A CPU that the process may not use
  // makes the first run throw it.
  explicit ExecutionContext(std::shared_ptr<const Engine> engine, ContextOptions options = {});
  ~ExecutionContext();
  ExecutionContext(ExecutionContext&&) noexcept;
  ExecutionContext& operator=(ExecutionContext&&) noexcept;

  // The tensor's memory is read by every execute() until another is set, and is not copied. Throws
  // invalid_argument for an unknown name or wrong type, out_of_range for a wrong number of
  // dimensions; sizes are checked by execute().
  void set_input(std::string_view name, ConstTensorView tensor);
  // The same for values of any kind; the context keeps the value.
  void set_input(std::string_view name, Value value);
  // Writes the output there from now on; too small a size makes execute() throw out_of_range.
  // nullptr: to memory of the context again. Throws invalid_argument for an unknown name,
  // unsupported for outputs that are no tensors of numbers.
  void set_output_memory(std::string_view name, void* data, size_t bytes);

  // Memory of the engine's GPU for the activations of this context, aligned to 256 bytes, which the
  // caller keeps; a run that needs more than `bytes` throws out_of_memory, and
  // Engine::device_activation_bytes() says how much that is. Contexts whose runs never overlap may
  // be given the same. Runs that were put into streams have to be over. nullptr: memory of the
  // context's own again, if it may take any. Throws unsupported for an engine of the CPU,
  // invalid_argument for memory elsewhere.
  void set_device_memory(void* memory, size_t bytes);
  // A CUDA event (a CUevent or cudaEvent_t of the engine's GPU) that each enqueue() records in its
  // stream as soon as the run has read its inputs: once it has happened their memory may be written
  // over, while the rest of the run is under way. nullptr: none. Throws unsupported for an engine
  // of the CPU.
  void set_input_consumed_event(void* event);

  // Returns when all outputs are there. Throws out_of_range for shapes that fit no profile, runtime
  // when data contradict the model, out_of_memory.
  void execute();
  // Puts the run into the caller's CUDA stream (a CUstream or cudaStream_t; nullptr: the context's
  // own, for which execute() waits) and returns before the outputs are there; errors of kernels
  // come out where the stream is waited for. For engines all of whose steps run on the GPU, with
  // inputs and set_output_memory() in its memory (cermet/device_memory.h); the stream must not be
  // capturing. Runs of one context go one after the other, whatever their streams. Throws
  // unsupported naming a step of the host, invalid_argument for a tensor elsewhere, and as
  // execute() does.
  void enqueue(void* stream);

  // Throws runtime naming the step where the data of a run that enqueue() put into a stream, and
  // that is over by now, contradicted the model: an index outside of its dimension. The next
  // enqueue() throws it else.
  void check();

  // Valid until the next execute(); where set_output_memory() said, if it did. Throws
  // invalid_argument for an unknown name, an output that is no tensor, and before execute().
  ConstTensorView output(std::string_view name) const;
  Value output_value(std::string_view name) const;  // of any kind; tensors are copied

  // Bytes of the arena in use by the shapes of the last execute(), and the largest so far.
  size_t activation_bytes() const;
  size_t peak_activation_bytes() const;

  // From now on execute() measures each step.
  void profile_steps(bool on);
  const std::vector<StepTime>& step_times() const;  // of the last execute(), in order of running
  // When the last measured execute() began its steps: microseconds of a clock that all contexts of
  // the engine have in common, on a GPU its own.
  double run_begin() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cermet
