// cermet trtexec: build and measure with the flags and the report of TensorRT's trtexec.
#include <chrono>

#include "commands.h"
#include "common/device_choice.h"
#include "common/errors.h"
#include "common/files.h"
#include "common/inputs.h"
#include "measure.h"
#include "trtexec_export.h"
#include "trtexec_formats.h"
#include "trtexec_inputs.h"
#include "trtexec_log.h"
#include "trtexec_options.h"
#include "trtexec_refused.h"
#include "trtexec_report.h"

namespace cermet::tools {
namespace {

using namespace trtexec;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

EngineOptions engine_options(const Options& options, Logger logger) {
  return {.logger = std::move(logger),
          .plugins = options.plugins,
          .device = gpu_of(options.device),
          .plan = plan_of(options.device)};
}

bool uses_gpu(const Engine& engine) { return engine.summary().runs_on.starts_with("cuda"); }

std::shared_ptr<const Engine> built_engine(const Options& options) {
  BuildOptions build = build_options_of(options);
  build.logger = log_lines(options.verbose);
  const auto start = std::chrono::steady_clock::now();
  const std::vector<std::byte> bytes = build_engine(options.onnx, build);
  info("Engine built in {:.5g} sec.", seconds_since(start));
  info("Created engine with size: {:.6g} MiB", static_cast<double>(bytes.size()) / (1 << 20));
  if (!options.save_engine.empty()) {
    write_file(options.save_engine, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    info("Engine saved to {}", options.save_engine);
  }
  return Engine::from_memory(bytes, engine_options(options, build.logger));
}

std::shared_ptr<const Engine> loaded_engine(const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  auto engine =
      Engine::load(options.load_engine, engine_options(options, log_lines(options.verbose)));
  check_device(*engine, options.device);
  info("Engine loaded in {:.5g} sec.", seconds_since(start));
  check_formats("--inputIOFormats", options.input_formats, engine->inputs());
  check_formats("--outputIOFormats", options.output_formats, engine->outputs());
  return engine;
}

// The runs that are timed keep no outputs, so one more gives them.
void give_outputs(const std::shared_ptr<const Engine>& engine, const std::vector<Value>& inputs,
                  const Options& options) {
  ExecutionContext context(engine, measure_options(options, uses_gpu(*engine)).team.context());
  set_inputs(context, *engine, inputs);
  context.execute();
  if (options.dump_output) print_outputs(*engine, context);
  if (!options.export_output.empty())
    write_file(options.export_output, outputs_json(*engine, context));
}

void give_profile(const std::shared_ptr<const Engine>& engine, const std::vector<Value>& inputs,
                  const Options& options) {
  const EngineSummary summary = engine->summary();
  const LayerMeasurement profile =
      measure_layers(engine, inputs, measure_options(options, uses_gpu(*engine)));
  if (options.dump_profile) print_profile(profile, summary);
  if (!options.export_profile.empty())
    write_file(options.export_profile, profile_json(profile, summary));
}

// The GPU's clock sees kernels alone only where nothing is copied.
std::vector<double> compute_times(const std::shared_ptr<const Engine>& engine,
                                  const std::vector<Value>& inputs, MeasureOptions how) {
  constexpr double enough_seconds = 1;
  how.device_memory = true;
  how.seconds = std::min(how.seconds, enough_seconds);
  return measure(engine, inputs, how).gpu_ms;
}

void infer(const std::shared_ptr<const Engine>& engine, const Options& options) {
  const std::vector<Value> inputs = make_inputs(*engine, options);
  info("Starting inference");
  const bool gpu = uses_gpu(*engine);
  const MeasureOptions how = measure_options(options, gpu);
  Measurement measured = measure(engine, inputs, how);
  if (gpu && !how.device_memory) measured.gpu_ms = compute_times(engine, inputs, how);
  print_timing(measured, options, gpu);
  info("");
  if (!options.export_times.empty()) write_file(options.export_times, times_json(measured));
  if (options.dump_output || !options.export_output.empty()) give_outputs(engine, inputs, options);
  if (options.dump_profile || !options.export_profile.empty())
    give_profile(engine, inputs, options);
}

void build_and_run(const Options& options) {
  print_options(options);
  const auto engine = options.onnx.empty() ? loaded_engine(options) : built_engine(options);
  const bool gpu = uses_gpu(*engine);
  info("The engine runs on {}", engine->summary().runs_on);
  for (const std::string& flag : options.without_effect) info("{}", note_on(flag, gpu));
  if (options.no_data_transfers && !gpu)
    info(
        "--noDataTransfers changes nothing: inputs and outputs are in the memory that the CPU "
        "computes in");
  if (options.dump_layers) print_layers(*engine);
  if (!options.export_layers.empty()) write_file(options.export_layers, layers_json(*engine));
  if (options.skip_inference)
    info("Skipped inference phase since --skipInference is added.");
  else
    infer(engine, options);
}

void print_verdict(const char* verdict, const std::string& command_line) {
  std::fflush(stderr);
  fmt::print("&&&& {} Cermet.trtexec [v{}] # {}\n", verdict, CERMET_VERSION_STRING, command_line);
  std::fflush(stdout);
}

// Whoever reads the output looks for the verdict, so every error ends with one.
int guarded_trtexec(const std::string& command_line, const std::function<void()>& body) {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  try {
    body();
    print_verdict("PASSED", command_line);
    return 0;
  } catch (const Error& error) {
    code = error.code();
    message = error.message();
  } catch (const std::bad_alloc&) {
    code = ErrorCode::out_of_memory;
    message = "out of memory";
  } catch (const std::exception& error) {
    message = fmt::format("unexpected: {}", error.what());
  }
  print_log(Severity::error, message);
  print_verdict("FAILED", command_line);
  return exit_status(code);
}

int run_trtexec(const std::vector<std::string>& arguments) {
  const std::string command_line = fmt::format("cermet trtexec {}", fmt::join(arguments, " "));
  std::string help_text;
  if (std::find(arguments.begin(), arguments.end(), "--help") != arguments.end()) {
    parse_options({"--help"}, &help_text);
    fmt::print("{}", help_text);
    return 0;
  }
  print_verdict("RUNNING", command_line);
  return guarded_trtexec(command_line,
                         [&] { build_and_run(parse_options(arguments, &help_text)); });
}

}  // namespace

Action define_trtexec(CLI::App& command) {
  // The flags are read by the action, so that what is wrong with them ends with a verdict too.
  command.set_help_flag();
  command.allow_extras();
  return [&command] { return run_trtexec(command.remaining()); };
}

}  // namespace cermet::tools
