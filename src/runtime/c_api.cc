#include "cermet/c_api.h"

#include <cstdint>
#include <map>
#include <memory>
#include <span>

#include "cermet/device_memory.h"
#include "cermet/engine.h"
#include "runtime/c_guard.h"

using cermet::ErrorCode;
using cermet::c::deref;
using cermet::c::failed;
using cermet::c::guarded;
using cermet::c::hand_over;
using cermet::c::read_struct;

namespace {

// The caller's two functions as an allocator.
class CallersAllocator : public cermet::Allocator {
 public:
  explicit CallersAllocator(const cermet_allocator& from) : from_(from) {
    cermet::require(from_.allocate != nullptr && from_.deallocate != nullptr,
                    ErrorCode::invalid_argument, "an allocator needs both of its functions");
  }

  void* allocate(size_t bytes, size_t alignment) override {
    void* memory = from_.allocate(from_.user, bytes, alignment);
    cermet::require(memory != nullptr || bytes == 0, ErrorCode::out_of_memory,
                    "the caller's allocator gave no memory when asked for {} bytes", bytes);
    cermet::require(
        reinterpret_cast<uintptr_t>(memory) % alignment == 0, ErrorCode::invalid_argument,
        "the caller's allocator gave memory that is not aligned to {} bytes", alignment);
    return memory;
  }
  void deallocate(void* memory, size_t bytes, size_t alignment) noexcept override {
    if (memory != nullptr) from_.deallocate(from_.user, memory, bytes, alignment);
  }

 private:
  cermet_allocator from_;
};

class CallersDeviceAllocator : public cermet::DeviceAllocator {
 public:
  explicit CallersDeviceAllocator(const cermet_device_allocator& from) : from_(from) {
    cermet::require(from_.allocate != nullptr && from_.deallocate != nullptr,
                    ErrorCode::invalid_argument, "a device allocator needs both of its functions");
  }

  void* allocate(size_t bytes, size_t alignment, int device, void* stream) override {
    return from_.allocate(from_.user, bytes, alignment, device, stream);
  }
  void deallocate(void* memory, size_t bytes, int device, void* stream) noexcept override {
    from_.deallocate(from_.user, memory, bytes, device, stream);
  }

 private:
  cermet_device_allocator from_;
};

using DimTexts = std::vector<const char*>;

std::vector<DimTexts> dims_of(const std::vector<cermet::TensorInfo>& infos) {
  std::vector<DimTexts> result(infos.size());
  for (size_t i = 0; i < infos.size(); ++i)
    if (infos[i].dims)
      for (const std::string& dim : *infos[i].dims) result[i].push_back(dim.c_str());
  return result;
}

}  // namespace

struct cermet_engine {
  explicit cermet_engine(std::shared_ptr<const cermet::Engine> loaded)
      : engine(std::move(loaded)),
        input_dims(dims_of(engine->inputs())),
        output_dims(dims_of(engine->outputs())),
        runs_on(engine->runs_on()) {}

  std::shared_ptr<const cermet::Engine> engine;
  std::vector<DimTexts> input_dims, output_dims;  // by input or output
  std::string runs_on;
};

struct cermet_context {
  std::unique_ptr<CallersAllocator> allocator;  // outlives the context that uses it
  cermet::ExecutionContext context;
  std::map<std::string, cermet::ConstTensorView> outputs;  // keep the shapes that were handed out
};

namespace cermet::c {
namespace {

std::string& last_error() {
  thread_local std::string text;
  return text;
}

}  // namespace

cermet_status failed(ErrorCode code, const char* text) noexcept {
  try {
    last_error() = text;
  } catch (const std::bad_alloc&) {
    last_error().clear();
  }
  return static_cast<cermet_status>(code);
}

Logger logger_of(cermet_log_function log, void* user) {
  if (log == nullptr) return {};
  return [log, user](Severity severity, std::string_view message) {
    log(user, static_cast<int32_t>(severity), std::string(message).c_str());
  };
}

}  // namespace cermet::c

namespace {

// `load` makes an engine of the options. The allocator lives as long as the engine that uses it,
// which contexts keep.
template <class Load>
cermet_engine* loaded_engine(const cermet_engine_options* given, const Load& load) {
  const auto options = read_struct(given, "the engine options");
  cermet::require(options.plan >= CERMET_PLAN_USABLE && options.plan <= CERMET_PLAN_CPU,
                  ErrorCode::invalid_argument, "plan {} does not exist", options.plan);
  std::shared_ptr<CallersDeviceAllocator> allocator;
  if (options.device_allocator != nullptr)
    allocator = std::make_shared<CallersDeviceAllocator>(
        read_struct(options.device_allocator, "the device allocator"));
  std::shared_ptr<const cermet::Engine> engine =
      load({.logger = cermet::c::logger_of(options.log, options.log_user),
            .plugins = cermet::c::strings(options.plugins, options.plugin_count, "plugins"),
            .device = options.device,
            .plan = static_cast<cermet::PlanChoice>(options.plan),
            .device_allocator = allocator.get(),
            .device_memory_limit = options.device_memory_limit});
  const cermet::Engine* const shown = engine.get();
  const auto release = [allocator = std::move(allocator),
                        engine = std::move(engine)](const cermet::Engine*) mutable {
    engine.reset();
    allocator.reset();
  };
  return new cermet_engine(std::shared_ptr<const cermet::Engine>(shown, release));
}

cermet::InputShapes read_shapes(const cermet_input_shape* const* shapes, size_t shape_count) {
  cermet::InputShapes known;
  cermet::c::for_each_entry(shapes, shape_count, "shapes", [&](const cermet_input_shape* each) {
    const auto shape = read_struct(each, "an input shape");
    if (shape.rank > 0) deref(shape.sizes, "the sizes of a shape");
    known[&deref(shape.name, "the name of a shape")] =
        shape.rank == 0 ? cermet::Shape() : cermet::Shape(shape.sizes, shape.sizes + shape.rank);
  });
  return known;
}

cermet_status describe(const std::vector<cermet::TensorInfo>& infos,
                       const std::vector<DimTexts>& dims, size_t index, cermet_tensor_info* info) {
  return guarded([&] {
    cermet::require(index < infos.size(), ErrorCode::out_of_range, "index {} of {}", index,
                    infos.size());
    const cermet::TensorInfo& from = infos[index];
    hand_over({sizeof(cermet_tensor_info), from.name.c_str(), static_cast<int32_t>(from.type),
               from.dims ? static_cast<int32_t>(from.dims->size()) : -1, dims[index].data()},
              info);
  });
}

}  // namespace

const char* cermet_last_error(void) { return cermet::c::last_error().c_str(); }
const char* cermet_version(void) { return CERMET_VERSION_STRING; }

cermet_status cermet_engine_load(const char* path, cermet_engine** engine) {
  return cermet_engine_load_with(path, nullptr, engine);
}

cermet_status cermet_engine_load_with(const char* path, const cermet_engine_options* options,
                                      cermet_engine** engine) {
  return guarded([&] {
    cermet_engine*& result = deref(engine, "engine");
    result = loaded_engine(options, [&](const cermet::EngineOptions& load) {
      return cermet::Engine::load(&deref(path, "path"), load);
    });
  });
}

cermet_status cermet_engine_load_memory(const void* data, size_t bytes,
                                        const cermet_engine_options* options,
                                        cermet_engine** engine) {
  return guarded([&] {
    cermet_engine*& result = deref(engine, "engine");
    const std::span engine_bytes(&deref(static_cast<const std::byte*>(data), "data"), bytes);
    result = loaded_engine(options, [&](const cermet::EngineOptions& load) {
      return cermet::Engine::from_memory(engine_bytes, load);
    });
  });
}

void cermet_engine_release(cermet_engine* engine) { delete engine; }

const char* cermet_engine_runs_on(const cermet_engine* engine) {
  return engine == nullptr ? nullptr : engine->runs_on.c_str();
}

size_t cermet_engine_input_count(const cermet_engine* engine) {
  return engine == nullptr ? 0 : engine->engine->inputs().size();
}

size_t cermet_engine_output_count(const cermet_engine* engine) {
  return engine == nullptr ? 0 : engine->engine->outputs().size();
}

cermet_status cermet_engine_input(const cermet_engine* engine, size_t index,
                                  cermet_tensor_info* info) {
  if (engine == nullptr) return failed(ErrorCode::invalid_argument, "engine is NULL");
  return describe(engine->engine->inputs(), engine->input_dims, index, info);
}

cermet_status cermet_engine_output(const cermet_engine* engine, size_t index,
                                   cermet_tensor_info* info) {
  if (engine == nullptr) return failed(ErrorCode::invalid_argument, "engine is NULL");
  return describe(engine->engine->outputs(), engine->output_dims, index, info);
}

cermet_status cermet_engine_activation_bytes(const cermet_engine* engine,
                                             const cermet_input_shape* const* shapes,
                                             size_t shape_count, int32_t threads, size_t* bytes) {
  return guarded([&] {
    cermet::require(threads >= 1, ErrorCode::invalid_argument,
                    "threads: expected 1 or more, got {}", threads);
    deref(bytes, "bytes") =
        deref(engine, "engine").engine->activation_bytes(read_shapes(shapes, shape_count), threads);
  });
}

cermet_status cermet_engine_device_activation_bytes(const cermet_engine* engine,
                                                    const cermet_input_shape* const* shapes,
                                                    size_t shape_count, size_t* bytes) {
  return guarded([&] {
    deref(bytes, "bytes") =
        deref(engine, "engine").engine->device_activation_bytes(read_shapes(shapes, shape_count));
  });
}

cermet_status cermet_context_create(const cermet_engine* engine,
                                    const cermet_context_options* options,
                                    cermet_context** context) {
  return guarded([&] {
    cermet_context*& result = deref(context, "context");
    const auto given = read_struct(options, "the context options");
    cermet::ContextOptions wanted;
    wanted.threads = given.threads;
    wanted.memory = given.memory;
    wanted.memory_bytes = given.memory_bytes;
    if (given.shape_cache > 0) wanted.shape_cache = given.shape_cache;
    if (given.spin_us != 0) wanted.spin_us = std::max(0, given.spin_us);
    cermet::require(given.cpus != nullptr || given.cpu_count == 0, ErrorCode::invalid_argument,
                    "cpus: expected {} numbers, got null", given.cpu_count);
    wanted.cpus.assign(given.cpus, given.cpus + given.cpu_count);
    wanted.takes_device_memory = given.without_device_memory == 0;
    wanted.nvtx = given.nvtx != 0;
    if (given.max_aux_streams != 0) wanted.max_aux_streams = std::max(0, given.max_aux_streams);
    std::unique_ptr<CallersAllocator> allocator;
    if (given.allocator != nullptr)
      allocator = std::make_unique<CallersAllocator>(read_struct(given.allocator, "the allocator"));
    wanted.allocator = allocator.get();
    cermet::ExecutionContext made(deref(engine, "engine").engine, wanted);
    result = new cermet_context{std::move(allocator), std::move(made), {}};
  });
}

void cermet_context_release(cermet_context* context) { delete context; }

cermet_status cermet_context_set_input(cermet_context* context, const char* name,
                                       int32_t element_type, const int64_t* shape, size_t rank,
                                       const void* data) {
  return guarded([&] {
    cermet::require(element_type > 0 && element_type < cermet::element_type_count,
                    ErrorCode::invalid_argument, "element type {} does not exist", element_type);
    constexpr size_t most_dimensions = 64;
    cermet::require(rank <= most_dimensions, ErrorCode::invalid_argument,
                    "a shape has at most {} dimensions, got {}", most_dimensions, rank);
    if (rank > 0) deref(shape, "shape");
    for (size_t d = 0; d < rank; ++d)
      cermet::require(shape[d] >= 0, ErrorCode::invalid_argument,
                      "dimension {} of the shape is {}, sizes are not negative", d, shape[d]);
    cermet::ConstTensorView view{static_cast<cermet::ElementType>(element_type),
                                 cermet::Shape(shape, shape + rank), data};
    deref(context, "context").context.set_input(&deref(name, "name"), std::move(view));
  });
}

cermet_status cermet_context_set_output_memory(cermet_context* context, const char* name,
                                               void* data, size_t bytes) {
  return guarded([&] {
    deref(context, "context").context.set_output_memory(&deref(name, "name"), data, bytes);
  });
}

cermet_status cermet_context_set_device_memory(cermet_context* context, void* memory,
                                               size_t bytes) {
  return guarded([&] { deref(context, "context").context.set_device_memory(memory, bytes); });
}

cermet_status cermet_context_set_input_consumed_event(cermet_context* context, void* event) {
  return guarded([&] { deref(context, "context").context.set_input_consumed_event(event); });
}

cermet_status cermet_context_execute(cermet_context* context) {
  return guarded([&] { deref(context, "context").context.execute(); });
}

cermet_status cermet_context_enqueue(cermet_context* context, void* stream) {
  return guarded([&] { deref(context, "context").context.enqueue(stream); });
}

cermet_status cermet_context_check(cermet_context* context) {
  return guarded([&] { deref(context, "context").context.check(); });
}

cermet_status cermet_context_output(cermet_context* context, const char* name,
                                    cermet_tensor* tensor) {
  return guarded([&] {
    cermet_context& from = deref(context, "context");
    cermet::ConstTensorView& view = from.outputs[&deref(name, "name")];
    view = from.context.output(name);
    hand_over({sizeof(cermet_tensor), static_cast<int32_t>(view.type), view.shape.data(),
               view.shape.size(), view.data, view.bytes()},
              tensor);
  });
}

cermet_status cermet_context_activation_bytes(const cermet_context* context, size_t* last,
                                              size_t* peak) {
  return guarded([&] {
    const cermet::ExecutionContext& of = deref(context, "context").context;
    if (last != nullptr) *last = of.activation_bytes();
    if (peak != nullptr) *peak = of.peak_activation_bytes();
  });
}
