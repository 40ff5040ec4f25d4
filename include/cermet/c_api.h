/* The C interface: engines and execution contexts. Every call that can fail returns a status; the
 * text of the last failure of the calling thread is cermet_last_error(). Strings are UTF-8 and end
 * with NUL. Structs start with their size, so that later releases can add members at their end. */
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

typedef struct cermet_engine cermet_engine;
typedef struct cermet_context cermet_context;

/* Valid until the next failing call of this thread; never NULL. */
const char* cermet_last_error(void);
/* "0.1.0" */
const char* cermet_version(void);

/* Loads an engine file. The engine may be shared by threads; contexts keep it alive. */
cermet_status cermet_engine_load(const char* path, cermet_engine** engine);
void cermet_engine_release(cermet_engine* engine);

/* Describes input or output `index`. Strings live as long as the engine. */
typedef struct cermet_tensor_info {
  size_t size; /* sizeof(cermet_tensor_info), set by the caller */
  const char* name;
  int32_t element_type; /* ONNX's TensorProto.DataType */
  int32_t rank;         /* -1: known only while running, or not a tensor */
} cermet_tensor_info;

size_t cermet_engine_input_count(const cermet_engine* engine);
size_t cermet_engine_output_count(const cermet_engine* engine);
cermet_status cermet_engine_input(const cermet_engine* engine, size_t index,
                                  cermet_tensor_info* info);
cermet_status cermet_engine_output(const cermet_engine* engine, size_t index,
                                   cermet_tensor_info* info);

typedef struct cermet_context_options {
  size_t size;     /* sizeof(cermet_context_options) */
  int32_t threads; /* 0: one a core */
} cermet_context_options;

/* `options` may be NULL. A context belongs to one caller at a time. */
cermet_status cermet_context_create(const cermet_engine* engine,
                                    const cermet_context_options* options,
                                    cermet_context** context);
void cermet_context_release(cermet_context* context);

/* A tensor in row-major order; `data` has to live until cermet_context_execute has returned. */
cermet_status cermet_context_set_input(cermet_context* context, const char* name,
                                       int32_t element_type, const int64_t* shape, size_t rank,
                                       const void* data);
cermet_status cermet_context_execute(cermet_context* context);

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

#ifdef __cplusplus
}
#endif

#endif /* CERMET_C_API_H_ */
