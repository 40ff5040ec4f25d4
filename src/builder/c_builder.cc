#include "cermet/c_builder.h"

#include "cermet/builder.h"
#include "cermet/tune.h"
#include "runtime/c_guard.h"

struct cermet_bytes {
  std::vector<std::byte> bytes;
};

namespace {

using cermet::ErrorCode;
using cermet::c::deref;
using cermet::c::for_each_entry;
using cermet::c::guarded;
using cermet::c::read_struct;
using cermet::c::strings;

cermet::Shape shape_of(const int64_t* sizes, size_t rank) {
  if (rank > 0) deref(sizes, "the sizes of a shape");
  return rank == 0 ? cermet::Shape() : cermet::Shape(sizes, sizes + rank);
}

cermet::ShapeProfile profile_of(const cermet_profile* given) {
  const auto from = read_struct(given, "a profile");
  cermet::ShapeProfile profile;
  for_each_entry(from.ranges, from.range_count, "ranges", [&](const cermet_shape_range* each) {
    const auto range = read_struct(each, "a shape range");
    profile.push_back({&deref(range.name, "the name of a shape range"),
                       shape_of(range.min, range.rank), shape_of(range.opt, range.rank),
                       shape_of(range.max, range.rank)});
  });
  return profile;
}

std::vector<cermet::TensorFormat> formats_of(const cermet_tensor_format* const* list, size_t count,
                                             const char* what) {
  std::vector<cermet::TensorFormat> formats;
  for_each_entry(list, count, what, [&](const cermet_tensor_format* each) {
    const auto format = read_struct(each, "a tensor format");
    cermet::require(format.element_type >= 0 && format.element_type < cermet::element_type_count,
                    ErrorCode::invalid_argument, "{}: element type {} does not exist", what,
                    format.element_type);
    cermet::require(format.layout == CERMET_ROW_MAJOR || format.layout == CERMET_CHANNELS_LAST,
                    ErrorCode::invalid_argument, "{}: layout {} does not exist", what,
                    format.layout);
    formats.push_back({format.name ? format.name : "",
                       static_cast<cermet::ElementType>(format.element_type),
                       static_cast<cermet::TensorLayout>(format.layout)});
  });
  return formats;
}

std::function<void(std::string_view, double)> progress_of(void (*call)(void*, const char*, double),
                                                          void* user) {
  if (call == nullptr) return {};
  return [call, user](std::string_view stage, double done) {
    call(user, std::string(stage).c_str(), done);
  };
}

cermet::BuildOptions options_of(const cermet_build_options* given) {
  const auto from = read_struct(given, "the build options");
  cermet::require(from.threads >= 0, ErrorCode::invalid_argument,
                  "threads: expected 0 (one a core) or more, got {}", from.threads);
  cermet::BuildOptions options;
  options.threads = from.threads;
  options.memory_limit = from.memory_limit;
  options.tuning_budget = from.tuning_budget;
  if (from.timing_cache) options.timing_cache = from.timing_cache;
  options.frozen = from.frozen != 0;
  options.validate = from.no_validation == 0;
  cermet::require(from.precision >= CERMET_FLOAT32 && from.precision <= CERMET_BFLOAT16,
                  ErrorCode::invalid_argument, "precision {} does not exist", from.precision);
  options.precision = static_cast<cermet::Precision>(from.precision);
  options.tf32 = from.tf32 != 0;
  for_each_entry(from.profiles, from.profile_count, "profiles", [&](const cermet_profile* profile) {
    options.profiles.push_back(profile_of(profile));
  });
  options.skip_passes = strings(from.skip_passes, from.skip_pass_count, "skip_passes");
  options.all_passes = from.only_listed_passes == 0;
  options.only_passes = strings(from.only_passes, from.only_pass_count, "only_passes");
  if (from.stop_after) options.stop_after = from.stop_after;
  options.marked_outputs = strings(from.marked_outputs, from.marked_output_count, "marked_outputs");
  options.disabled_tactics =
      strings(from.disabled_tactics, from.disabled_tactic_count, "disabled_tactics");
  options.plugins = strings(from.plugins, from.plugin_count, "plugins");
  options.input_formats = formats_of(from.input_formats, from.input_format_count, "input_formats");
  options.output_formats =
      formats_of(from.output_formats, from.output_format_count, "output_formats");
  if (from.device) options.device = from.device;
  options.architectures = strings(from.architectures, from.architecture_count, "architectures");
  options.fallback = from.no_fallback == 0;
  cermet::require(from.model >= CERMET_MODEL_AUTOMATIC && from.model <= CERMET_MODEL_LEFT_OUT,
                  ErrorCode::invalid_argument, "model storage {} does not exist", from.model);
  options.model = static_cast<cermet::ModelStorage>(from.model);
  options.tactic_sources = strings(from.tactic_sources, from.tactic_source_count, "tactic_sources");
  options.logger = cermet::c::logger_of(from.log, from.log_user);
  options.progress = progress_of(from.progress, from.progress_user);
  return options;
}

cermet::TuneOptions options_of(const cermet_tune_options* given) {
  const auto from = read_struct(given, "the tuning options");
  cermet::require(from.threads >= 0, ErrorCode::invalid_argument,
                  "threads: expected 0 (as it was built) or more, got {}", from.threads);
  cermet::TuneOptions options;
  if (from.device) options.device = from.device;
  options.architectures = strings(from.architectures, from.architecture_count, "architectures");
  options.threads = from.threads;
  options.tuning_budget = from.tuning_budget;
  if (from.timing_cache) options.timing_cache = from.timing_cache;
  options.frozen = from.frozen != 0;
  options.validate = from.no_validation == 0;
  options.keep_model = from.no_model == 0;
  options.plugins = strings(from.plugins, from.plugin_count, "plugins");
  options.logger = cermet::c::logger_of(from.log, from.log_user);
  options.progress = progress_of(from.progress, from.progress_user);
  return options;
}

}  // namespace

cermet_status cermet_build_file(const char* model_path, const char* engine_path,
                                const cermet_build_options* options) {
  return guarded([&] {
    cermet::build_engine_file(&deref(model_path, "model_path"), &deref(engine_path, "engine_path"),
                              options_of(options));
  });
}

cermet_status cermet_tune_file(const char* engine_path, const cermet_tune_options* options) {
  return guarded(
      [&] { cermet::tune_engine_file(&deref(engine_path, "engine_path"), options_of(options)); });
}

const void* cermet_bytes_data(const cermet_bytes* bytes) {
  return bytes == nullptr ? nullptr : bytes->bytes.data();
}
size_t cermet_bytes_size(const cermet_bytes* bytes) {
  return bytes == nullptr ? 0 : bytes->bytes.size();
}
void cermet_bytes_release(cermet_bytes* bytes) { delete bytes; }

cermet_status cermet_build(const char* model_path, const cermet_build_options* options,
                           cermet_bytes** engine) {
  return guarded([&] {
    cermet_bytes*& result = deref(engine, "engine");
    result = new cermet_bytes{
        cermet::build_engine(&deref(model_path, "model_path"), options_of(options))};
  });
}

cermet_status cermet_build_memory(const void* model, size_t model_bytes, const char* folder,
                                  const cermet_build_options* options, cermet_bytes** engine) {
  return guarded([&] {
    cermet_bytes*& result = deref(engine, "engine");
    const std::span bytes(&deref(static_cast<const std::byte*>(model), "model"), model_bytes);
    result =
        new cermet_bytes{cermet::build_engine(bytes, folder ? folder : "", options_of(options))};
  });
}
