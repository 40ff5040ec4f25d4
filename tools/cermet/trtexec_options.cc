#include "trtexec_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <thread>

#include "build_options.h"
#include "common/checks.h"
#include "common/command_line.h"
#include "common/device_choice.h"
#include "common/errors.h"
#include "common/shapes.h"
#include "common/usage_error.h"
#include "trtexec_formats.h"
#include "trtexec_refused.h"

namespace cermet::tools::trtexec {
namespace {

void add_build_flags(CLI::App& app, Options& options) {
  app.add_option("--onnx", options.onnx, "The ONNX model")->type_name("FILE");
  app.add_option("--saveEngine", options.save_engine, "Write the engine")->type_name("FILE");
  app.add_option("--loadEngine", options.load_engine, "Run this engine; nothing is built")
      ->type_name("FILE");
  const char* shapes = "NAME:SHAPE,..";
  app.add_option("--minShapes", options.min_shapes, "Smallest shapes, as x:1x3x224x224,y:1x128")
      ->type_name(shapes);
  app.add_option("--optShapes", options.opt_shapes, "Shapes for which kernels are chosen")
      ->type_name(shapes);
  app.add_option("--maxShapes", options.max_shapes, "Largest shapes")->type_name(shapes);
  app.add_option("--shapes", options.shapes,
                 "Shapes of the runs; of the build too where the three flags above are not given")
      ->type_name(shapes);
  app.add_option("--inputIOFormats", options.input_formats,
                 "Types and layouts of the inputs, as fp16:chw or fp32:hwc, one for all or one for "
                 "each")
      ->type_name("TYPE:chw|hwc,..");
  app.add_option("--outputIOFormats", options.output_formats, "The same for outputs")
      ->type_name("TYPE:chw|hwc,..");
  for (const char* flag : {"--plugins", "--staticPlugins", "--dynamicPlugins"})
    app.add_option(flag, options.plugins, "A library of custom operators; repeat for more")
        ->type_name("FILE.so")
        ->allow_extra_args(false);
  app.add_option("--memPoolSize", options.memory_pools,
                 "workspace:N[B|K|M|G], in MiB without a letter: limits all activation memory")
      ->type_name("POOL:SIZE");
  app.add_option("--tuningBudget", options.tuning_budget,
                 "Seconds of measuring kernels (default 10); Cermet's own flag")
      ->type_name("SECONDS")
      ->check(number_from(0));
  app.add_option("--timingCacheFile", options.timing_cache,
                 "Keep what was measured in this file, and use what it holds")
      ->type_name("FILE");
  app.add_flag("--errorOnTimingCacheMiss", options.frozen,
               "Measure nothing; a time that the timing cache lacks is an error");
  add_precision(app, options.precision);
  app.add_option("--device", options.device,
                 "Number of the GPU (0 is cuda:0); or cpu, cuda, cuda:N, or auto, which takes the "
                 "first GPU if there is one (default)")
      ->type_name("N|NAME");
  app.add_flag("--skipInference,--buildOnly", options.skip_inference, "Build, and run nothing");
}

template <class T>
void add_number(CLI::App& app, const char* flag, T& into, const char* purpose,
                const CLI::Validator& check) {
  app.add_option(flag, into, purpose)->type_name("N")->check(check);
}

void add_run_flags(CLI::App& app, Options& options) {
  app.add_option("--loadInputs", options.load_inputs,
                 "Raw binary files of inputs; the others are made up")
      ->type_name("NAME:FILE,..");
  add_number(app, "--iterations", options.iterations, "Run at least so often (default 10), and",
             whole_number(0));
  add_number(app, "--duration", options.duration, "for at least so many seconds (default 3)",
             number_from(0));
  add_number(app, "--warmUp", options.warm_up_ms, "Milliseconds of runs before (default 200)",
             number_from(0));
  add_number(app, "--avgRuns", options.average_runs, "Runs of one line of averages (default 10)",
             whole_number(1));
  add_number(app, "--idleTime", options.idle_ms, "Milliseconds of sleep between runs (default 0)",
             number_from(0));
  add_number(app, "--sleepTime", options.sleep_ms,
             "Milliseconds of sleep before the first run (default 0)", number_from(0));
  add_number(app, "--infStreams,--streams", options.streams, "Runs that go on at once (default 1)",
             whole_number(1, 1024));
  add_number(app, "--maxAuxStreams", options.max_aux_streams,
             "Streams of the GPU beside a run's own, for branches that don't need each other "
             "(default 4); 0: none",
             whole_number(0, most_aux_streams));
  app.add_flag("--threads{0}", options.threads,
               "Each stream has a thread of its own, always; --threads=N: N threads for each")
      ->type_name("N")
      ->check(whole_number(0));
  app.add_flag("--noDataTransfers", options.no_data_transfers,
               "Inputs and outputs stay in the GPU's memory");
  app.add_option("--percentile", options.percentiles, "Which to print (default 90,95,99)")
      ->type_name("P,..")
      ->delimiter(',')
      ->check(number_between(0, 100));
}

void add_report_flags(CLI::App& app, Options& options) {
  app.add_flag("--verbose", options.verbose, "Print what the builder and the runtime tell");
  app.add_flag("--dumpProfile", options.dump_profile, "Print the time of each layer");
  app.add_flag("--dumpOutput", options.dump_output, "Print the outputs of the last run");
  app.add_flag("--dumpLayerInfo", options.dump_layers, "Print the layers of the engine");
  const std::tuple<const char*, std::string&, const char*> files[] = {
      {"--exportTimes", options.export_times, "Write the times of every run as JSON"},
      {"--exportProfile", options.export_profile, "Write the time of each layer as JSON"},
      {"--exportOutput", options.export_output, "Write the outputs of the last run as JSON"},
      {"--exportLayerInfo", options.export_layers, "Write the layers of the engine as JSON"}};
  for (const auto& [flag, into, purpose] : files)
    app.add_option(flag, into, purpose)->type_name("FILE");
  app.footer(
      "\nFlags that change nothing are accepted with a note; those that Cermet can't honour are "
      "refused by name.\n"
      "\nExamples:\n"
      "  cermet trtexec --onnx=net.onnx --saveEngine=net.engine\n"
      "  cermet trtexec --onnx=net.onnx --minShapes=x:1x3x224x224 --optShapes=x:8x3x224x224 \\\n"
      "    --maxShapes=x:32x3x224x224 --shapes=x:4x3x224x224\n"
      "  cermet trtexec --loadEngine=net.engine --dumpProfile --exportTimes=times.json\n");
}

void check_together(const Options& options) {
  require(options.onnx.empty() != options.load_engine.empty(), ErrorCode::invalid_argument,
          "expected either --onnx=MODEL to build from or --loadEngine=FILE to run");
  require(options.load_engine.empty() || options.save_engine.empty(), ErrorCode::invalid_argument,
          "--saveEngine writes what --onnx builds; leave it out with --loadEngine");
}

// trtexec counts in MiB where the size has no unit.
size_t pool_bytes(const std::string& pools) {
  size_t bytes = 0;
  for (const std::string& pool : split_list(pools)) {
    const size_t colon = pool.find(':');
    require(colon != std::string::npos && colon + 1 < pool.size(), ErrorCode::invalid_argument,
            "--memPoolSize={}: expected workspace:SIZE, such as workspace:512M", pool);
    require(pool.substr(0, colon) == "workspace", ErrorCode::unsupported,
            "--memPoolSize={}: Cermet has one pool, 'workspace'; leave the others out", pool);
    std::string size = pool.substr(colon + 1);
    if (std::isdigit(static_cast<unsigned char>(size.back()))) size += 'M';
    bytes = parse_bytes(size);
  }
  return bytes;
}

// CLI11 would take the next argument as the value.
void check_for_empty_values(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments)
    require(!argument.starts_with("--") || argument.find('=') + 1 != argument.size(),
            ErrorCode::invalid_argument, "{}: the value is empty; give one or leave the flag out",
            argument);
}

std::string without_quotes(const std::string& shapes) {
  std::string text = shapes;
  std::erase_if(text, [](char c) { return c == '\'' || c == '"'; });
  return text;
}

}  // namespace

std::string unquoted(std::string name) {
  const bool quoted = name.size() >= 2 && (name.front() == '\'' || name.front() == '"') &&
                      name.back() == name.front();
  return quoted ? name.substr(1, name.size() - 2) : name;
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Options parse_options(std::vector<std::string> arguments, std::string* help_text) {
  Options options;
  options.without_effect = check_foreign_flags(arguments);
  check_for_empty_values(arguments);
  CLI::App app("Builds and measures with the flags and the report of TensorRT's trtexec.",
               "cermet trtexec");
  add_build_flags(app, options);
  add_run_flags(app, options);
  add_report_flags(app, options);
  format_help(app);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    options.help = true;
    *help_text = app.help();
    return options;
  } catch (const CLI::ParseError& error) {
    fail(ErrorCode::invalid_argument, "{}; `cermet trtexec --help` lists the flags",
         usage_error(app, error));
  }
  if (std::all_of(options.device.begin(), options.device.end(),
                  [](unsigned char c) { return std::isdigit(c) != 0; }))
    options.device = "cuda:" + options.device;
  gpu_of(options.device);  // throws where there is no such device
  check_together(options);
  return options;
}

InputShapes shapes_of(const std::string& flag) { return parse_shapes(without_quotes(flag)); }

BuildOptions build_options_of(const Options& options) {
  BuildFlags flags;
  flags.min_shapes = without_quotes(options.min_shapes);
  flags.opt_shapes = without_quotes(options.opt_shapes);
  flags.max_shapes = without_quotes(options.max_shapes);
  const bool has_ranges =
      !(flags.min_shapes.empty() && flags.opt_shapes.empty() && flags.max_shapes.empty());
  if (!has_ranges) flags.shapes = without_quotes(options.shapes);
  flags.options.threads = threads_of(options);
  flags.options.device = options.device;
  flags.options.tuning_budget = options.tuning_budget;
  flags.options.plugins = options.plugins;
  flags.options.timing_cache = options.timing_cache;
  flags.options.frozen = options.frozen;
  flags.options.precision = options.precision;
  BuildOptions build = build_options(flags);
  build.memory_limit = pool_bytes(options.memory_pools);
  add_formats(options, build);
  return build;
}

int threads_of(const Options& options) {
  if (options.threads > 0) return options.threads;
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  return std::max(1, cores / options.streams);
}

MeasureOptions measure_options(const Options& options, bool uses_gpu) {
  return {.team = {.threads = threads_of(options), .max_aux_streams = options.max_aux_streams},
          .streams = options.streams,
          .gpu = gpu_of(options.device),
          .device_memory = uses_gpu && options.no_data_transfers,
          .warm_up_runs = 1,
          .warm_up_ms = options.warm_up_ms,
          .runs = options.iterations,
          .seconds = options.duration,
          .sleep_ms = options.sleep_ms,
          .idle_ms = options.idle_ms};
}

}  // namespace cermet::tools::trtexec
