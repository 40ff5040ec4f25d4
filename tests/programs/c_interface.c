/* Everything that the C interface does, in plain C. usage: c_interface MODEL PLUGIN_MODEL PLUGIN
 * FOLDER. MODEL: float32 x[N, 3] to y[N, 2] = relu(x w) by way of 'product', with the initializer
 * w = 0..5. PLUGIN_MODEL: float32 x[N] to y[N] by an operator of PLUGIN that clamps to 0..1. Prints
 * the first check that fails. */
#include <cermet/c_builder.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(holds)                                                                            \
  do {                                                                                          \
    if (!(holds)) {                                                                             \
      fprintf(stderr, "line %d: %s (last error: %s)\n", __LINE__, #holds, cermet_last_error()); \
      exit(1);                                                                                  \
    }                                                                                           \
  } while (0)

static const float x[6] = {1, -2, 3, 0.5f, 0, -1};
static const float products[4] = {8, 10, -4, -4.5f};
static char path[4096];

static int near_to(float a, float b) { return a - b < 1e-5f && b - a < 1e-5f; }

static int mentions(const char* word) { return strstr(cermet_last_error(), word) != NULL; }

static cermet_context* context_of(const cermet_engine* engine, const cermet_context_options* how) {
  cermet_context* context = NULL;
  CHECK(cermet_context_create(engine, how, &context) == CERMET_OK);
  return context;
}

static const float* run(cermet_context* context, const int64_t* shape, size_t rank,
                        const float* data, const char* output, size_t count) {
  cermet_tensor tensor;
  tensor.size = sizeof tensor;
  CHECK(cermet_context_set_input(context, "x", 1, shape, rank, data) == CERMET_OK);
  CHECK(cermet_context_execute(context) == CERMET_OK);
  CHECK(cermet_context_output(context, output, &tensor) == CERMET_OK);
  CHECK(tensor.element_type == 1 && tensor.bytes == count * sizeof(float));
  return tensor.data;
}

static void check_result(const float* y) {
  int i;
  for (i = 0; i < 4; ++i) CHECK(near_to(y[i], products[i] > 0 ? products[i] : 0));
}

/* A file and memory give the same bytes; a marked value becomes an output. */
static void builds_files_and_memory(const char* model) {
  static char file[1 << 20], written[1 << 20];
  const char* marked[] = {"product"};
  const int64_t shape[] = {2, 3};
  cermet_build_options options;
  cermet_bytes *from_file = NULL, *from_memory = NULL;
  cermet_engine* engine = NULL;
  cermet_context* context;
  const float* y;
  FILE* stream = fopen(model, "rb");
  size_t bytes, i;
  CHECK(stream != NULL);
  bytes = fread(file, 1, sizeof file, stream);
  fclose(stream);
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.threads = 1;
  options.marked_outputs = marked;
  options.marked_output_count = 1;
  CHECK(cermet_build(model, &options, &from_file) == CERMET_OK);
  CHECK(cermet_build_memory(file, bytes, NULL, &options, &from_memory) == CERMET_OK);
  CHECK(cermet_build_file(model, path, &options) == CERMET_OK);
  bytes = cermet_bytes_size(from_file);
  CHECK(bytes > 0 && bytes == cermet_bytes_size(from_memory));
  CHECK(memcmp(cermet_bytes_data(from_file), cermet_bytes_data(from_memory), bytes) == 0);
  stream = fopen(path, "rb");
  CHECK(stream != NULL && fread(written, 1, sizeof written, stream) == bytes);
  fclose(stream);
  CHECK(memcmp(cermet_bytes_data(from_file), written, bytes) == 0);

  CHECK(cermet_engine_load_memory(cermet_bytes_data(from_file), bytes, NULL, &engine) == CERMET_OK);
  cermet_bytes_release(from_file);
  cermet_bytes_release(from_memory);
  CHECK(cermet_engine_output_count(engine) == 2);
  context = context_of(engine, NULL);
  cermet_engine_release(engine); /* contexts keep it */
  check_result(run(context, shape, 2, x, "y", 4));
  y = run(context, shape, 2, x, "product", 4);
  for (i = 0; i < 4; ++i) CHECK(near_to(y[i], products[i]));
  cermet_context_release(context);
}

static int progress_calls = 0, messages = 0;
static void count_progress(void* user, const char* stage, double done) {
  CHECK(user == &progress_calls && stage != NULL && done >= 0 && done <= 1);
  ++progress_calls;
}
static void count_message(void* user, int32_t severity, const char* message) {
  CHECK(user == &messages && severity >= CERMET_ERROR && severity <= CERMET_VERBOSE);
  CHECK(*message != 0);
  ++messages;
}

static void options_count(const char* model) {
  const int64_t least[] = {1, 3}, usual[] = {2, 3}, most[] = {4096, 3};
  const cermet_shape_range range = {sizeof range, "x", 2, least, usual, most};
  const cermet_shape_range* ranges[] = {&range};
  const cermet_profile profile = {sizeof profile, ranges, 1};
  const cermet_profile* profiles[] = {&profile};
  const cermet_tensor_format half = {sizeof half, NULL, 10, CERMET_ROW_MAJOR};
  const cermet_tensor_format* formats[] = {&half};
  const char* no_pass[] = {"no-such-pass"};
  cermet_tensor_info info;
  cermet_build_options options;
  cermet_bytes* bytes = NULL;
  cermet_engine* engine = NULL;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.threads = 1;
  options.profiles = profiles;
  options.profile_count = 1;
  options.output_formats = formats;
  options.output_format_count = 1;
  options.log = count_message;
  options.log_user = &messages;
  options.progress = count_progress;
  options.progress_user = &progress_calls;
  CHECK(cermet_build(model, &options, &bytes) == CERMET_OK);
  CHECK(progress_calls > 2 && messages > 0);
  CHECK(cermet_engine_load_memory(cermet_bytes_data(bytes), cermet_bytes_size(bytes), NULL,
                                  &engine) == CERMET_OK);
  info.size = sizeof info;
  CHECK(cermet_engine_output(engine, 0, &info) == CERMET_OK && info.element_type == 10);
  CHECK(cermet_engine_input(engine, 0, &info) == CERMET_OK && info.rank == 2);
  CHECK(strcmp(info.name, "x") == 0 && strcmp(info.dims[1], "3") == 0 && *info.dims[0] != 0);
  /* An older program's struct ends before the dims: they are not written. */
  info.size = offsetof(cermet_tensor_info, dims);
  info.dims = NULL;
  CHECK(cermet_engine_input(engine, 0, &info) == CERMET_OK && info.dims == NULL);
  cermet_bytes_release(bytes);
  cermet_engine_release(engine);

  options.memory_limit = 64;
  CHECK(cermet_build(model, &options, &bytes) == CERMET_OUT_OF_MEMORY && mentions("limit"));
  options.memory_limit = 0;
  options.skip_passes = no_pass;
  options.skip_pass_count = 1;
  CHECK(cermet_build(model, &options, &bytes) == CERMET_INVALID_ARGUMENT);
  CHECK(mentions("no-such-pass"));
  /* An older program's struct ends earlier: what follows is not read. */
  options.size = offsetof(cermet_build_options, skip_passes);
  CHECK(cermet_build(model, &options, &bytes) == CERMET_OK);
  cermet_bytes_release(bytes);
  options.size = 1;
  CHECK(cermet_build(model, &options, &bytes) == CERMET_INVALID_ARGUMENT && mentions("sizeof"));
}

static size_t allocated = 0;
static void* take(void* user, size_t bytes, size_t alignment) {
  CHECK(user == &allocated);
  allocated += bytes;
  return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}
static void give(void* user, void* memory, size_t bytes, size_t alignment) {
  (void)alignment;
  CHECK(user == &allocated && allocated >= bytes);
  allocated -= bytes;
  free(memory);
}

static void memory_is_the_callers(void) {
  const int64_t shape[] = {2, 3};
  const cermet_input_shape input = {sizeof input, "x", shape, 2};
  const cermet_input_shape* shapes[] = {&input};
  const cermet_allocator allocator = {sizeof allocator, take, give, &allocated};
  cermet_context_options options;
  cermet_engine* engine = NULL;
  cermet_context* context;
  size_t predicted = 0, last = 0, peak = 0;
  float y[4];
  char* memory;
  CHECK(cermet_engine_load(path, &engine) == CERMET_OK);
  CHECK(cermet_engine_activation_bytes(engine, shapes, 1, 1, &predicted) == CERMET_OK);
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.threads = 1;
  options.allocator = &allocator;
  context = context_of(engine, &options);
  check_result(run(context, shape, 2, x, "y", 4));
  CHECK(allocated >= predicted && predicted > 0);
  CHECK(cermet_context_activation_bytes(context, &last, &peak) == CERMET_OK);
  CHECK(last == predicted && peak == predicted);
  CHECK(cermet_context_set_output_memory(context, "y", y, sizeof y) == CERMET_OK);
  CHECK(run(context, shape, 2, x, "y", 4) == y);
  check_result(y);
  CHECK(cermet_context_set_output_memory(context, "y", y, 15) == CERMET_OK);
  CHECK(cermet_context_execute(context) == CERMET_OUT_OF_RANGE);
  cermet_context_release(context);
  CHECK(allocated == 0);

  memory = aligned_alloc(64, (predicted + 63) / 64 * 64);
  options.allocator = NULL;
  options.memory = memory;
  options.memory_bytes = predicted;
  context = context_of(engine, &options);
  check_result(run(context, shape, 2, x, "y", 4));
  cermet_context_release(context);
  options.memory_bytes = predicted - 1;
  context = context_of(engine, &options);
  CHECK(cermet_context_set_input(context, "x", 1, shape, 2, x) == CERMET_OK);
  CHECK(cermet_context_execute(context) == CERMET_OUT_OF_MEMORY);
  cermet_context_release(context);
  free(memory);
  cermet_engine_release(engine);
}

static void plugins_are_loaded(const char* model, const char* plugin) {
  const float values[] = {-1, 0.25f, 2};
  const int64_t shape[] = {3};
  const char* plugins[] = {plugin};
  cermet_build_options build;
  cermet_engine_options load;
  cermet_engine* engine = NULL;
  cermet_context* context;
  const float* y;
  memset(&build, 0, sizeof build);
  build.size = sizeof build;
  CHECK(cermet_build_file(model, path, &build) == CERMET_UNSUPPORTED);
  build.plugins = plugins;
  build.plugin_count = 1;
  CHECK(cermet_build_file(model, path, &build) == CERMET_OK);
  CHECK(cermet_engine_load(path, &engine) == CERMET_DEVICE && mentions("plugin"));
  memset(&load, 0, sizeof load);
  load.size = sizeof load;
  load.plugins = plugins;
  load.plugin_count = 1;
  CHECK(cermet_engine_load_with(path, &load, &engine) == CERMET_OK);
  context = context_of(engine, NULL);
  y = run(context, shape, 1, values, "y", 3);
  CHECK(near_to(y[0], 0) && near_to(y[1], 0.25f) && near_to(y[2], 1));
  cermet_context_release(context);
  cermet_engine_release(engine);
}

static void engines_are_tuned(const char* model) {
  const int64_t shape[] = {2, 3};
  const char* architectures[] = {"sm_90"};
  cermet_build_options build;
  cermet_tune_options tune;
  cermet_engine_options load;
  cermet_engine* engine = NULL;
  cermet_context* context;
  memset(&build, 0, sizeof build);
  build.size = sizeof build;
  build.device = "cpu";
  build.model = CERMET_MODEL_KEPT;
  CHECK(cermet_build_file(model, path, &build) == CERMET_OK);
  memset(&tune, 0, sizeof tune);
  tune.size = sizeof tune;
  tune.threads = 1;
  tune.progress = count_progress;
  tune.progress_user = &progress_calls;
  tune.architectures = architectures;
  tune.architecture_count = 1;
  CHECK(cermet_tune_file(path, &tune) == CERMET_INVALID_ARGUMENT && mentions("for the CPU"));
  tune.architecture_count = 0;
  tune.no_model = 1;
  CHECK(cermet_tune_file(path, &tune) == CERMET_OK);
  CHECK(cermet_tune_file(path, NULL) == CERMET_INVALID_ARGUMENT && mentions("holds no model"));
  memset(&load, 0, sizeof load);
  load.size = sizeof load;
  load.plan = CERMET_PLAN_CPU;
  CHECK(cermet_engine_load_with(path, &load, &engine) == CERMET_OK);
  CHECK(strcmp(cermet_engine_runs_on(engine), "cpu") == 0 && cermet_engine_runs_on(NULL) == NULL);
  context = context_of(engine, NULL);
  check_result(run(context, shape, 2, x, "y", 4));
  cermet_context_release(context);
  cermet_engine_release(engine);
  load.plan = 3;
  CHECK(cermet_engine_load_with(path, &load, &engine) == CERMET_INVALID_ARGUMENT);
  build.model = 3;
  CHECK(cermet_build_file(model, path, &build) == CERMET_INVALID_ARGUMENT && mentions("storage 3"));
  build.model = 0;
  build.device = "gpu";
  CHECK(cermet_build_file(model, path, &build) == CERMET_INVALID_ARGUMENT && mentions("'gpu'"));
}

static void kernels_come_from_sources(const char* model) {
  const char* ours[] = {"-onednn"};
  const char* of_a_gpu[] = {"+cudnn"};
  const char* unknown[] = {"cermet", "nowhere"};
  cermet_build_options options;
  cermet_bytes* bytes = NULL;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.device = "cpu";
  options.tactic_sources = ours;
  options.tactic_source_count = 1;
  CHECK(cermet_build(model, &options, &bytes) == CERMET_OK);
  cermet_bytes_release(bytes);
  options.tactic_sources = of_a_gpu;
  CHECK(cermet_build(model, &options, &bytes) == CERMET_INVALID_ARGUMENT && mentions("for GPUs"));
  options.tactic_sources = unknown;
  options.tactic_source_count = 2;
  CHECK(cermet_build(model, &options, &bytes) == CERMET_INVALID_ARGUMENT && mentions("nowhere"));
  options.tactic_sources = NULL;
  CHECK(cermet_build(model, &options, &bytes) == CERMET_INVALID_ARGUMENT &&
        mentions("tactic_sources"));
}

static void mistakes_are_named(const char* model) {
  cermet_bytes* bytes = NULL;
  cermet_engine* engine = NULL;
  CHECK(cermet_build("no/such.onnx", NULL, &bytes) == CERMET_IO && mentions("no/such.onnx"));
  CHECK(cermet_build(NULL, NULL, &bytes) == CERMET_INVALID_ARGUMENT && mentions("model_path"));
  CHECK(cermet_build(model, NULL, NULL) == CERMET_INVALID_ARGUMENT);
  CHECK(cermet_build_memory("x", 1, NULL, NULL, &bytes) == CERMET_INVALID_MODEL);
  CHECK(cermet_build_file(model, "no/such/folder/e.engine", NULL) == CERMET_IO);
  CHECK(cermet_engine_load_memory("x", 1, NULL, &engine) == CERMET_INVALID_ENGINE);
  CHECK(bytes == NULL && engine == NULL);
  CHECK(cermet_bytes_data(NULL) == NULL && cermet_bytes_size(NULL) == 0);
  cermet_bytes_release(NULL);
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  sprintf(path, "%.4000s/c_interface.engine", argv[4]);
  builds_files_and_memory(argv[1]);
  options_count(argv[1]);
  memory_is_the_callers();
  plugins_are_loaded(argv[2], argv[3]);
  engines_are_tuned(argv[1]);
  kernels_come_from_sources(argv[1]);
  mistakes_are_named(argv[1]);
  puts("ok");
  return 0;
}
