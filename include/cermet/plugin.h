/* Operators of your own: tables of C functions in a shared library that exports
 *
 *   const cermet_plugin_library* cermet_plugin(void);
 *
 * Every struct starts with its size, so that later releases can add members at their end: who reads
 * a struct uses a member only if the size covers it. Lists of structs are lists of pointers for the
 * same reason. Tensors are on the host, row-major, elements narrower than a byte packed low bits
 * first. Element types are ONNX's TensorProto.DataType; strings, sequences and optionals are not
 * handed to plugins. */
#ifndef CERMET_PLUGIN_H_
#define CERMET_PLUGIN_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A library of another number is refused. */
#define CERMET_PLUGIN_ABI 1
/* The name of the exported function. */
#define CERMET_PLUGIN_FUNCTION "cermet_plugin"

/* A size that is known only while running. */
#define CERMET_PLUGIN_UNKNOWN_SIZE ((int64_t)-1)
/* For set_output: the size of dimension `dim` (below 256) of input `input`, known or not. The size
 * of the output then follows from the model's inputs and its memory is planned ahead, which an
 * unknown size prevents. */
#define CERMET_PLUGIN_SIZE_OF(input, dim) ((int64_t)-2 - ((int64_t)(input) * 256 + (int64_t)(dim)))

/* The getters' results: 0, or why there is none; the places to fill are then left alone. */
#define CERMET_PLUGIN_ABSENT 1     /* the node has no attribute of that name */
#define CERMET_PLUGIN_OTHER_TYPE 2 /* it has one of another type */

/* A node's attributes. Texts and lists belong to Cermet and are valid until the callback returns;
 * texts end with NUL, which `length` does not count. */
typedef struct cermet_plugin_attributes {
  size_t size;
  const void* node; /* first argument of the getters */
  int (*get_int)(const void* node, const char* name, int64_t* value);
  int (*get_float)(const void* node, const char* name, double* value);
  int (*get_string)(const void* node, const char* name, const char** text, size_t* length);
  int (*get_ints)(const void* node, const char* name, const int64_t** values, size_t* count);
  int (*get_floats)(const void* node, const char* name, const double** values, size_t* count);
} cermet_plugin_attributes;

/* An input. While types are inferred: as much as is known; `data` is that of a constant, or NULL.
 * While running: everything; `data` may be NULL when there are no elements. */
typedef struct cermet_plugin_tensor {
  size_t size;
  int32_t element_type;
  int32_t rank;         /* -1: unknown */
  const int64_t* sizes; /* `rank` of them, each a size or CERMET_PLUGIN_UNKNOWN_SIZE */
  const void* data;
} cermet_plugin_tensor;

typedef struct cermet_plugin_infer_call {
  size_t size;
  const cermet_plugin_attributes* attributes;
  size_t input_count;
  const cermet_plugin_tensor* const* inputs; /* NULL where an optional input is absent */
  size_t output_count;                       /* as many as the node names */
  void* host;                                /* first argument of the functions below */
  /* States the type of an output; rank -1: unknown. Every output needs one of these calls. Gives 0,
   * or else what was stated is impossible: return at once. */
  int (*set_output)(void* host, size_t output, int32_t element_type, int32_t rank,
                    const int64_t* sizes);
  /* The same with the shape of an input, known or not. */
  int (*set_output_like)(void* host, size_t output, int32_t element_type, size_t input);
} cermet_plugin_infer_call;

typedef struct cermet_plugin_evaluate_call {
  size_t size;
  const cermet_plugin_attributes* attributes;
  size_t input_count;
  const cermet_plugin_tensor* const* inputs;
  size_t output_count;
  void* host;
  /* Not 0 when the output is read by somebody; the others must not be allocated. */
  int (*wants_output)(void* host, size_t output);
  /* Memory for an output, 64-byte aligned where there are elements, not initialised; type and shape
   * must agree with what was inferred. Once for each wanted output. NULL: return at once. */
  void* (*allocate_output)(void* host, size_t output, int32_t element_type, int32_t rank,
                           const int64_t* sizes);
} cermet_plugin_evaluate_call;

/* Callbacks return 0, or else anything after writing why, as text with NUL, into `message` of
 * `message_size` bytes. They are called from several threads at once, and no exception may leave
 * them. */
typedef struct cermet_plugin_operator {
  size_t size;
  const char* domain;
  const char* name;
  int32_t version; /* opset of the domain from which on the operator has this meaning, from 1 */
  /* While an engine is built. */
  int (*infer)(void* user_data, const cermet_plugin_infer_call* call, char* message,
               size_t message_size);
  /* While an engine runs. */
  int (*evaluate)(void* user_data, const cermet_plugin_evaluate_call* call, char* message,
                  size_t message_size);
  void* user_data;
  /* Not 0: the same inputs always give the same outputs, bit for bit. This release computes every
   * node either way; a later one may compute equal nodes once. */
  int32_t deterministic;
} cermet_plugin_operator;

/* The table has to stay as it is until the library is closed. */
typedef struct cermet_plugin_library {
  size_t size;
  int32_t abi;         /* CERMET_PLUGIN_ABI */
  const char* name;    /* letters, digits and . _ - + */
  const char* version; /* likewise; an engine needs the version that it was built with */
  size_t operator_count;
  const cermet_plugin_operator* const* operators;
} cermet_plugin_library;

typedef const cermet_plugin_library* (*cermet_plugin_function)(void);

#ifdef __cplusplus
}
#endif

#endif /* CERMET_PLUGIN_H_ */
