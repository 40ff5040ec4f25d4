/* The C interface of the builder: engines from ONNX models. It is part of libcermet; programs that
 * only run engines need cermet/c_api.h and libcermet_runtime alone. Conventions are those of
 * cermet/c_api.h: statuses, cermet_last_error(), structs that start with their size. */
#ifndef CERMET_C_BUILDER_H_
#define CERMET_C_BUILDER_H_

#include "cermet/c_api.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The smallest, usual and largest shape of one input, `rank` sizes each, with the model's
 * dimensions in the model's order. */
typedef struct cermet_shape_range {
  size_t size; /* sizeof(cermet_shape_range) */
  const char* name;
  size_t rank;
  const int64_t* min;
  const int64_t* opt;
  const int64_t* max;
} cermet_shape_range;

/* One range an input; inputs that are left out keep the model's shapes. */
typedef struct cermet_profile {
  size_t size; /* sizeof(cermet_profile) */
  const cermet_shape_range* const* ranges;
  size_t range_count;
} cermet_profile;

typedef enum cermet_layout {
  CERMET_ROW_MAJOR = 0,    /* the model's dimensions in their order: NCHW */
  CERMET_CHANNELS_LAST = 1 /* dimension 1 goes last: NHWC */
} cermet_layout;

/* What an input or output of the engine is where it differs from the model. */
typedef struct cermet_tensor_format {
  size_t size;      /* sizeof(cermet_tensor_format) */
  const char* name; /* NULL: all that no other format names */
  /* ONNX's TensorProto.DataType, or 0: the model's. Floating-point types go into each other,
   * integers into each other and into floating-point ones. */
  int32_t element_type;
  int32_t layout; /* cermet_layout */
} cermet_tensor_format;

/* In which type an engine computes what the model computes in float32. */
typedef enum cermet_precision {
  CERMET_FLOAT32 = 0, /* the model's own types */
  CERMET_FLOAT16 = 1,
  CERMET_BFLOAT16 = 2
} cermet_precision;

/* Whether an engine keeps the model it was made of, for cermet_tune_file(). */
typedef enum cermet_model_storage {
  CERMET_MODEL_AUTOMATIC = 0, /* where it is for a GPU that is elsewhere */
  CERMET_MODEL_KEPT = 1,
  CERMET_MODEL_LEFT_OUT = 2
} cermet_model_storage;

typedef struct cermet_build_options {
  size_t size;           /* sizeof(cermet_build_options) */
  int32_t threads;       /* for which kernels are chosen; 0: one a core */
  uint64_t memory_limit; /* bytes of activations at the largest shapes; 0: none */
  /* Seconds of measuring kernels; 0: nothing is measured, and equal builds give equal bytes. */
  double tuning_budget;
  /* A file that keeps what was measured, read before and written after a build; NULL: none. */
  const char* timing_cache;
  int32_t frozen; /* not 0: measure nothing; a time that the cache lacks is an error */
  const cermet_profile* const* profiles; /* kernels are chosen for `opt` of the first */
  size_t profile_count;
  const char* const* skip_passes; /* by name */
  size_t skip_pass_count;
  int32_t only_listed_passes; /* not 0: no passes but those in `only_passes` */
  const char* const* only_passes;
  size_t only_pass_count;
  const char* stop_after;            /* "PASS:N": no patch after the Nth of that pass; or NULL */
  const char* const* marked_outputs; /* values that become outputs too, behind the model's */
  size_t marked_output_count;
  const char* const* disabled_tactics; /* by name, or a prefix such as "onednn." */
  size_t disabled_tactic_count;
  const char* const* plugins; /* files of plugins whose operators the model may use */
  size_t plugin_count;
  const cermet_tensor_format* const* input_formats;
  size_t input_format_count;
  const cermet_tensor_format* const* output_formats;
  size_t output_format_count;
  cermet_log_function log; /* NULL: nothing is logged */
  void* log_user;
  /* Called as the build goes on with the part that is done, 0 to 1; or NULL. */
  void (*progress)(void* user, const char* stage, double done);
  void* progress_user;
  int32_t no_validation; /* not 0: kernels are not compared with the model's nodes */
  int32_t precision;     /* cermet_precision: in which type float32 is computed */
  int32_t tf32;          /* not 0: products of float32 may round their operands to TF32 */
  /* NULL or "auto": the first GPU if there is one that can be used; "cpu"; "cuda" or "cuda:N"; or
   * "cuda,cpu", a plan for the GPU and one for machines without it. */
  const char* device;
  /* Of GPUs for which kernels are compiled, as "sm_90" or "compute_90"; none: the card's own. */
  const char* const* architectures;
  size_t architecture_count;
  int32_t no_fallback; /* not 0: steps that the GPU can't do are an error */
  int32_t model;       /* cermet_model_storage */
  /* Whose kernels may be chosen: "cermet", "onednn", "cublaslt" and "cudnn", or changes to the
   * first two, as "+cublaslt" and "-onednn"; none: the first two. */
  const char* const* tactic_sources;
  size_t tactic_source_count;
} cermet_build_options;

/* Builds the engine of a model file and writes it, or leaves what was there as it was. `options`
 * may be NULL. Fails with CERMET_IO, CERMET_INVALID_MODEL, CERMET_UNSUPPORTED,
 * CERMET_INVALID_ARGUMENT (options that contradict each other or the model), CERMET_OUT_OF_MEMORY
 * (beyond the memory limit) or CERMET_DEVICE (a plugin that can't be opened). */
cermet_status cermet_build_file(const char* model_path, const char* engine_path,
                                const cermet_build_options* options);

typedef struct cermet_tune_options {
  size_t size;        /* sizeof(cermet_tune_options) */
  const char* device; /* the GPU that measures: "cuda" or "cuda:N"; NULL: the first */
  /* For which it has kernels from now on; none: those it has. */
  const char* const* architectures;
  size_t architecture_count;
  int32_t threads; /* for which kernels of the CPU are chosen; 0: as it was built */
  /* As in cermet_build_options. */
  double tuning_budget;
  const char* timing_cache;
  int32_t frozen;
  int32_t no_validation;
  int32_t no_model; /* not 0: the model is dropped, and the engine can't be tuned again */
  const char* const* plugins;
  size_t plugin_count;
  cermet_log_function log;
  void* log_user;
  void (*progress)(void* user, const char* stage, double done);
  void* progress_user;
} cermet_tune_options;

/* Chooses the kernels of an engine again by measuring them on this machine, and replaces the file
 * when all is done; after an error it is what it was. `options` may be NULL. Fails with
 * CERMET_INVALID_ARGUMENT for an engine that does not hold its model, CERMET_INVALID_ENGINE for a
 * damaged one, CERMET_DEVICE where the GPU or NVRTC that it takes is missing, CERMET_IO where the
 * file can't be replaced, and as cermet_build_file() does. */
cermet_status cermet_tune_file(const char* engine_path, const cermet_tune_options* options);

/* The bytes of an engine file. */
typedef struct cermet_bytes cermet_bytes;
/* Valid until the release; NULL and 0 for NULL. */
const void* cermet_bytes_data(const cermet_bytes* bytes);
size_t cermet_bytes_size(const cermet_bytes* bytes);
/* NULL is taken and nothing happens. */
void cermet_bytes_release(cermet_bytes* bytes);

/* The same as cermet_build_file into memory, to be released by the caller. */
cermet_status cermet_build(const char* model_path, const cermet_build_options* options,
                           cermet_bytes** engine);
/* The same from a model of `model_bytes` bytes, which are read during the call alone. `folder` is
 * where external data are; NULL: the model may not have any. */
cermet_status cermet_build_memory(const void* model, size_t model_bytes, const char* folder,
                                  const cermet_build_options* options, cermet_bytes** engine);

#ifdef __cplusplus
}
#endif

#endif /* CERMET_C_BUILDER_H_ */
