/* The C interface: engines and execution contexts; cermet/c_builder.h builds engines. Every call
 * that can fail returns a status; the text of the last failure of the calling thread is
 * cermet_last_error(). Strings are UTF-8 and end with NUL. Structs start with their size, which the
 * caller sets to their sizeof, so that later releases can add members at their end; members of
 * options that are all zero bits mean the default. Lists of structs are lists of pointers for the
 * same reason. */
#ifndef CERMET_C_API_H_
#define CERMET_C_API_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 0 is success; the other values are those of cermet::ErrorCode and permanent. */
typedef enum cermet_status {
  CERMET_OK = 0,
  CERMET_INVALID_ARGUMENT = 1,
  CERMET_INVALID_MODEL = 2,
  CERMET_UNSUPPORTED = 3,
  CERMET_OUT_OF_RANGE = 4,
  CERMET_OUT_OF_MEMORY = 5,
  CERMET_IO = 6,
  CERMET_INVALID_ENGINE = 7,
  CERMET_DEVICE = 8,
  CERMET_RUNTIME = 9,
  CERMET_INTERNAL = 10
} cermet_status;

/* Of log messages. */
typedef enum cermet_severity {
  CERMET_ERROR = 0,
  CERMET_WARNING = 1,
  CERMET_INFO = 2,
  CERMET_VERBOSE = 3
} cermet_severity;
/* Called with `user` and a message, maybe from several threads at once. */
typedef void (*cermet_log_function)(void* user, int32_t severity, const char* message);

typedef struct cermet_engine cermet_engine;
typedef struct cermet_context cermet_context;

/* Valid until the next failing call of this thread; never NULL. */
const char* cermet_last_error(void);
/* "0.1.0" */
const char* cermet_version(void);

/* Which plan of an engine that was built for "cuda,cpu". */
typedef enum cermet_plan {
  CERMET_PLAN_USABLE = 0, /* the GPU's where it can be used, else the CPU's with a warning */
  CERMET_PLAN_GPU = 1,
  CERMET_PLAN_CPU = 2
} cermet_plan;

/* Memory of a GPU; `user` is the first argument of both. `allocate` gives at least `bytes` bytes of
 * the GPU `device` at a multiple of `alignment`, a power of 2, which what is put into `stream` (a
 * CUstream) from then on may use, or NULL. What was put into `stream` before `deallocate` may still
 * use them. Called by several threads at once. */
typedef struct cermet_device_allocator {
  size_t size; /* sizeof(cermet_device_allocator) */
  void* (*allocate)(void* user, size_t bytes, size_t alignment, int32_t device, void* stream);
  void (*deallocate)(void* user, void* memory, size_t bytes, int32_t device, void* stream);
  void* user;
} cermet_device_allocator;

typedef struct cermet_engine_options {
  size_t size; /* sizeof(cermet_engine_options) */
  /* Files of the plugins (cermet/plugin.h) that the engine needs; they stay open as long as it. */
  const char* const* plugins;
  size_t plugin_count;
  cermet_log_function log; /* NULL: nothing is logged */
  void* log_user;
  int32_t device; /* the number of the GPU for an engine that uses one: 1 is cuda:1 */
  int32_t plan;   /* cermet_plan, for an engine that has two */
  /* Copied; for the memory that engine and contexts take of the GPU. NULL: the driver's. */
  const cermet_device_allocator* device_allocator;
  /* Most bytes that they take of it together, else CERMET_OUT_OF_MEMORY; 0: no limit. */
  size_t device_memory_limit;
} cermet_engine_options;

/* Loads an engine file. The engine may be shared by threads; contexts keep it alive. Fails with
 * CERMET_IO, CERMET_INVALID_ENGINE (damaged, foreign, of another version) or CERMET_DEVICE (this
 * machine or the plugins lack what the engine needs). */
cermet_status cermet_engine_load(const char* path, cermet_engine** engine);
/* The same; `options` may be NULL. */
cermet_status cermet_engine_load_with(const char* path, const cermet_engine_options* options,
                                      cermet_engine** engine);
/* The same from `bytes` bytes in memory, which are copied. */
cermet_status cermet_engine_load_memory(const void* data, size_t bytes,
                                        const cermet_engine_options* options,
                                        cermet_engine** engine);
/* NULL is taken and nothing happens. */
void cermet_engine_release(cermet_engine* engine);

/* "cpu", or "cuda:0 (NVIDIA H200, sm_90)"; "" where this machine can't run it. Lives as long as the
 * engine; NULL for NULL. */
const char* cermet_engine_runs_on(const cermet_engine* engine);

/* Describes an input or output. Strings live as long as the engine. */
typedef struct cermet_tensor_info {
  size_t size; /* sizeof(cermet_tensor_info), set by the caller */
  const char* name;
  int32_t element_type; /* ONNX's TensorProto.DataType */
  int32_t rank;         /* -1: known only while running, or not a tensor */
  /* `rank` texts: a number, a symbol such as "N" for a size that is free, or an expression. */
  const char* const* dims;
} cermet_tensor_info;

/* 0 for NULL. */
size_t cermet_engine_input_count(const cermet_engine* engine);
size_t cermet_engine_output_count(const cermet_engine* engine);
/* Inputs and outputs are counted from 0, in the order of the model; a larger `index` gives
 * CERMET_OUT_OF_RANGE. */
cermet_status cermet_engine_input(const cermet_engine* engine, size_t index,
                                  cermet_tensor_info* info);
cermet_status cermet_engine_output(const cermet_engine* engine, size_t index,
                                   cermet_tensor_info* info);

/* The shape of an input. */
typedef struct cermet_input_shape {
  size_t size; /* sizeof(cermet_input_shape) */
  const char* name;
  const int64_t* sizes;
  size_t rank;
} cermet_input_shape;

/* Bytes of activations that a context of so many threads needs at these shapes of the inputs, equal
 * to what it then uses. Inputs of fixed shape may be left out. */
cermet_status cermet_engine_activation_bytes(const cermet_engine* engine,
                                             const cermet_input_shape* const* shapes,
                                             size_t shape_count, int32_t threads, size_t* bytes);
/* Those of them that are the GPU's, as cermet_context_set_device_memory has to give. */
cermet_status cermet_engine_device_activation_bytes(const cermet_engine* engine,
                                                    const cermet_input_shape* const* shapes,
                                                    size_t shape_count, size_t* bytes);

/* Memory of the caller's for a context; `user` is the first argument of both. `allocate` gives at
 * least `bytes` bytes at a multiple of `alignment`, a power of 2, or NULL. Called by the threads
 * that run the context. */
typedef struct cermet_allocator {
  size_t size; /* sizeof(cermet_allocator) */
  void* (*allocate)(void* user, size_t bytes, size_t alignment);
  void (*deallocate)(void* user, void* memory, size_t bytes, size_t alignment);
  void* user;
} cermet_allocator;

typedef struct cermet_context_options {
  size_t size;     /* sizeof(cermet_context_options) */
  int32_t threads; /* 0: one a core */
  /* Memory for the activations, aligned to 64 bytes, which the caller keeps until the context is
   * released; a run that needs more than `memory_bytes` fails. NULL: the context allocates. */
  void* memory;
  size_t memory_bytes;
  /* Copied; what it allocates has to be usable until the context is released. NULL: the default. */
  const cermet_allocator* allocator;
  size_t shape_cache; /* plans for so many sets of shapes are kept; 0: 16 */
  /* Microseconds for which threads without work stay awake before they sleep; 0: 200, negative:
   * none. */
  int32_t spin_us;
  /* Thread i of the context is kept on cpus[i % cpu_count], but for the caller, which is thread 0.
   * Copied. NULL: the system places them. */
  const int32_t* cpus;
  size_t cpu_count;
  /* 1: the context takes no memory of the GPU for activations, cermet_context_set_device_memory
   * gives it some before it runs. */
  int32_t without_device_memory;
  int32_t nvtx; /* 1: runs and steps are NVTX ranges, for NVIDIA's profilers */
  /* Streams of the GPU beside the context's own in which branches that don't need each other may
   * run: so many at most; 0: 4, negative: none. */
  int32_t max_aux_streams;
} cermet_context_options;

/* `options` may be NULL. A context belongs to one caller at a time. */
cermet_status cermet_context_create(const cermet_engine* engine,
                                    const cermet_context_options* options,
                                    cermet_context** context);
void cermet_context_release(cermet_context* context);

/* A tensor in row-major order; `data` has to live until cermet_context_execute has returned.
 * `element_type` is ONNX's TensorProto.DataType. Fails with CERMET_INVALID_ARGUMENT for an unknown
 * name or another type, CERMET_OUT_OF_RANGE for another number of dimensions. */
cermet_status cermet_context_set_input(cermet_context* context, const char* name,
                                       int32_t element_type, const int64_t* shape, size_t rank,
                                       const void* data);
/* From now on an output is written to `data`, of `bytes` bytes, which has to live as long as the
 * context runs; an execution whose output is larger fails with CERMET_OUT_OF_RANGE. NULL: to memory
 * of the context again. */
cermet_status cermet_context_set_output_memory(cermet_context* context, const char* name,
                                               void* data, size_t bytes);
/* Memory of the engine's GPU for the activations, aligned to 256 bytes, which the caller keeps; a
 * run that needs more than `bytes` fails with CERMET_OUT_OF_MEMORY. Contexts whose runs never
 * overlap may be given the same. Runs that were put into streams have to be over. NULL: memory of
 * the context's own again. Fails with CERMET_UNSUPPORTED for an engine of the CPU. */
cermet_status cermet_context_set_device_memory(cermet_context* context, void* memory, size_t bytes);
/* A CUDA event (a CUevent or cudaEvent_t) that each cermet_context_enqueue records in its stream as
 * soon as the run has read its inputs, so that their memory may be written over; NULL: none. Fails
 * with CERMET_UNSUPPORTED for an engine of the CPU. */
cermet_status cermet_context_set_input_consumed_event(cermet_context* context, void* event);
/* Returns when all outputs are there. Fails with CERMET_OUT_OF_RANGE for shapes that fit no
 * profile, CERMET_RUNTIME when data contradict the model, CERMET_OUT_OF_MEMORY. */
cermet_status cermet_context_execute(cermet_context* context);
/* Puts the run into a CUDA stream (a CUstream or cudaStream_t; NULL: the context's own, for which
 * cermet_context_execute waits) and returns before the outputs are there. For engines all of whose
 * steps run on a GPU, with inputs and outputs' memory on it, else CERMET_UNSUPPORTED or
 * CERMET_INVALID_ARGUMENT; the stream must not be capturing. Runs of one context go one after the
 * other, whatever their streams. */
cermet_status cermet_context_enqueue(cermet_context* context, void* stream);

/* CERMET_RUNTIME where the data of a run that was put into a stream, and that is over by now,
 * contradicted the model, as an index outside of its dimension. The next cermet_context_enqueue
 * fails with it else. */
cermet_status cermet_context_check(cermet_context* context);

/* A tensor that an execution made; the pointers are valid until the next execution. */
typedef struct cermet_tensor {
  size_t size; /* sizeof(cermet_tensor), set by the caller */
  int32_t element_type;
  const int64_t* shape;
  size_t rank;
  const void* data;
  size_t bytes;
} cermet_tensor;
cermet_status cermet_context_output(cermet_context* context, const char* name,
                                    cermet_tensor* tensor);

/* Bytes of activations at the shapes of the last execution, and the most so far; each may be NULL.
 */
cermet_status cermet_context_activation_bytes(const cermet_context* context, size_t* last,
                                              size_t* peak);

#ifdef __cplusplus
}
#endif

#endif /* CERMET_C_API_H_ */
