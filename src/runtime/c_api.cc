#include "cermet/c_api.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <new>

#include "base/error.h"
#include "cermet/engine.h"

struct cermet_engine {
  std::shared_ptr<const cermet::Engine> engine;
};

struct cermet_context {
  cermet::ExecutionContext context;
  std::map<std::string, cermet::ConstTensorView> outputs;  // keep the shapes that were handed out
};

namespace {

using cermet::Error;
using cermet::ErrorCode;

std::string& last_error() {
  thread_local std::string text;
  return text;
}

cermet_status failed(ErrorCode code, const char* text) {
  last_error() = text;
  return static_cast<cermet_status>(code);
}

// No exception crosses the C interface.
template <class F>
cermet_status guarded(F&& f) {
  try {
    f();
    return CERMET_OK;
  } catch (const Error& error) {
    return failed(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return failed(ErrorCode::out_of_memory, "memory ran out");
  } catch (const std::exception& error) {
    return failed(ErrorCode::internal, error.what());
  }
}

template <class T>
T& deref(T* pointer, const char* what) {
  cermet::require(pointer != nullptr, ErrorCode::invalid_argument, "{} is NULL", what);
  return *pointer;
}

// Copies as many bytes as the caller's struct has; its first member says how many.
template <class T>
void hand_over(T filled, T* to) {
  deref(to, "the struct to fill");
  cermet::require(to->size >= sizeof(size_t), ErrorCode::invalid_argument,
                  "the struct's size is {}; set it to its sizeof first", to->size);
  filled.size = to->size;
  std::memcpy(to, &filled, std::min(to->size, sizeof(T)));
}

cermet_status describe(const std::vector<cermet::TensorInfo>& infos, size_t index,
                       cermet_tensor_info* info) {
  return guarded([&] {
    cermet::require(index < infos.size(), ErrorCode::out_of_range, "index {} of {}", index,
                    infos.size());
    const cermet::TensorInfo& from = infos[index];
    hand_over({sizeof(cermet_tensor_info), from.name.c_str(), static_cast<int32_t>(from.type),
               from.dims ? static_cast<int32_t>(from.dims->size()) : -1},
              info);
  });
}

}  // namespace

const char* cermet_last_error(void) { return last_error().c_str(); }
const char* cermet_version(void) { return CERMET_VERSION_STRING; }

cermet_status cermet_engine_load(const char* path, cermet_engine** engine) {
  return guarded([&] {
    cermet_engine*& result = deref(engine, "engine");
    result = new cermet_engine{cermet::Engine::load(&deref(path, "path"))};
  });
}

void cermet_engine_release(cermet_engine* engine) { delete engine; }

size_t cermet_engine_input_count(const cermet_engine* engine) {
  return engine == nullptr ? 0 : engine->engine->inputs().size();
}

size_t cermet_engine_output_count(const cermet_engine* engine) {
  return engine == nullptr ? 0 : engine->engine->outputs().size();
}

cermet_status cermet_engine_input(const cermet_engine* engine, size_t index,
                                  cermet_tensor_info* info) {
  if (engine == nullptr) return failed(ErrorCode::invalid_argument, "engine is NULL");
  return describe(engine->engine->inputs(), index, info);
}

cermet_status cermet_engine_output(const cermet_engine* engine, size_t index,
                                   cermet_tensor_info* info) {
  if (engine == nullptr) return failed(ErrorCode::invalid_argument, "engine is NULL");
  return describe(engine->engine->outputs(), index, info);
}

cermet_status cermet_context_create(const cermet_engine* engine,
                                    const cermet_context_options* options,
                                    cermet_context** context) {
  return guarded([&] {
    cermet::ContextOptions wanted;
    if (options != nullptr && options->size >= sizeof(cermet_context_options))
      wanted.threads = options->threads;
    cermet_context*& result = deref(context, "context");
    result =
        new cermet_context{cermet::ExecutionContext(deref(engine, "engine").engine, wanted), {}};
  });
}

void cermet_context_release(cermet_context* context) { delete context; }

cermet_status cermet_context_set_input(cermet_context* context, const char* name,
                                       int32_t element_type, const int64_t* shape, size_t rank,
                                       const void* data) {
  return guarded([&] {
    cermet::require(element_type > 0 && element_type < cermet::element_type_count,
                    ErrorCode::invalid_argument, "element type {} does not exist", element_type);
    if (rank > 0) deref(shape, "shape");
    cermet::ConstTensorView view{static_cast<cermet::ElementType>(element_type),
                                 cermet::Shape(shape, shape + rank), data};
    deref(context, "context").context.set_input(&deref(name, "name"), std::move(view));
  });
}

cermet_status cermet_context_execute(cermet_context* context) {
  return guarded([&] { deref(context, "context").context.execute(); });
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
