// cermet bench: latency and throughput of an engine.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <thread>

#include "commands.h"
#include "common/checks.h"
#include "common/device_choice.h"
#include "common/errors.h"
#include "common/files.h"
#include "common/inputs.h"
#include "common/run_command.h"
#include "common/table.h"
#include "common/tensor_text.h"
#include "engine_source.h"
#include "layer_times.h"
#include "roofline.h"
#include "trace.h"

namespace cermet::tools {
namespace {

struct BenchCommand {
  std::string file;
  InputOptions inputs{.files = {}, .folder = {}, .shapes = {}, .seed = 1};
  MeasureOptions measure{.team = {}};
  int64_t iterations = 0;  // of each stream, instead of the time
  std::string device = "auto";
  double tuning_budget = 0;
  std::vector<std::string> plugins;
  std::string json;
  std::string trace;
  int trace_runs = 10;
  bool per_layer = false;
  bool verbose = false;
};

// Streams share the cores unless the user says otherwise.
int threads_of(const BenchCommand& command) {
  if (command.measure.team.threads > 0) return command.measure.team.threads;
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  return std::max(1, cores / command.measure.streams);
}

MeasureOptions measure_options(const BenchCommand& command) {
  MeasureOptions options = command.measure;
  options.gpu = gpu_of(command.device);
  options.team.threads = threads_of(command);
  if (command.iterations > 0) {
    options.runs = command.iterations;
    options.seconds = 0;
  }
  return options;
}

// How long it takes from a file to a first result.
struct Start {
  double open_ms = 0;  // a model is built, an engine is loaded
  double first_run_ms = 0;
};

using Figures = std::vector<std::pair<const char*, double>>;
Figures figures(const Spread& it) {
  return {{"min", it.min()},          {"mean", it.mean()},        {"median", it.median()},
          {"p90", it.percentile(90)}, {"p95", it.percentile(95)}, {"p99", it.percentile(99)},
          {"max", it.max()}};
}

// What of a step's time the roofs of the GPU that runs it allow, for each layer; empty on the CPU.
struct LayerRoofs {
  std::vector<std::optional<double>> parts;
  std::string missing;  // why there are none of a GPU

  std::string text(size_t i) const {
    return parts[i] ? fmt::format("{:.0f}%", 100 * *parts[i]) : std::string();
  }
};

LayerRoofs layer_roofs(const Engine& engine, const std::vector<Value>& inputs,
                       const std::vector<LayerTime>& layers, const EngineSummary& summary,
                       int threads) try {
  if (!uses_gpu(summary)) return {};
  const Roofline roofline = Roofline::of_gpu(summary, {});
  const ExecutionPlan plan = engine.execution_plan(shapes_of(engine, inputs), threads);
  LayerRoofs roofs;
  for (const LayerTime& layer : layers) {
    auto part = roofline.least_us(summary.steps[layer.step], plan.steps[layer.step]);
    if (part) *part /= layer.microseconds;
    roofs.parts.push_back(layer.microseconds > 0 ? part : std::nullopt);
  }
  return roofs;
} catch (const Error& error) {
  if (error.code() != ErrorCode::unsupported) throw;
  return {{}, error.message()};
}

nlohmann::json layers_json(const std::vector<LayerTime>& layers, const LayerRoofs& roofs,
                           const EngineSummary& summary) {
  nlohmann::json list = nlohmann::json::array();
  for (size_t i = 0; i < layers.size(); ++i) {
    const LayerTime& layer = layers[i];
    const StepInfo& step = summary.steps[layer.step];
    nlohmann::json of_roof;
    if (!roofs.parts.empty() && roofs.parts[i]) of_roof = *roofs.parts[i];
    list.push_back({{"step", layer.step},
                    {"name", step.name},
                    {"kind", step.kind},
                    {"tactic", step.tactic},
                    {"nodes", step.origin},
                    {"microseconds", layer.microseconds},
                    {"share", layer.share},
                    {"of_roof", std::move(of_roof)}});
  }
  return list;
}

void write_json(const BenchCommand& command, const MeasureOptions& options, const Start& start,
                const Measurement& measured, nlohmann::json layers, const EngineSummary& summary) {
  nlohmann::json report = {{"file", command.file},
                           {"version", CERMET_VERSION_STRING},
                           {"runs_on", summary.runs_on},
                           {"threads", options.team.threads},
                           {"streams", options.streams},
                           {"device_memory", options.device_memory},
                           {"warmup", options.warm_up_runs},
                           {"iterations", measured.runs.size()},
                           {"seconds", measured.wall_ms() / 1000},
                           {"throughput", measured.runs_a_second()},
                           {"open_ms", start.open_ms},
                           {"first_run_ms", start.first_run_ms},
                           {"activation_bytes", measured.peak_activation_bytes}};
  for (const auto& [name, value] : figures(Spread::of(measured.runs)))
    report["latency_ms"][name] = value;
  if (!measured.gpu_ms.empty())
    for (const auto& [name, value] : figures(Spread(measured.gpu_ms)))
      report["gpu_compute_ms"][name] = value;
  if (command.per_layer) report["layers"] = std::move(layers);
  write_file(command.json, report.dump(2) + '\n');
}

void print_table(const Measurement& it, const MeasureOptions& options) {
  fmt::print("{} runs in {:.2f} s: {:.2f} runs/s; {} stream(s) of {} thread(s)\n", it.runs.size(),
             it.wall_ms() / 1000, it.runs_a_second(), options.streams, options.team.threads);
  std::vector<std::pair<const char*, Figures>> rows = {{"ms", figures(Spread::of(it.runs))}};
  if (!it.gpu_ms.empty()) rows.emplace_back("GPU ms", figures(Spread(it.gpu_ms)));
  std::vector<Table::Column> columns = {{"latency"}};
  for (const auto& [title, value] : rows.front().second)
    columns.push_back({title, Table::Align::right});
  Table table(std::move(columns));
  for (const auto& [what, values] : rows) {
    std::vector<std::string> row = {what};
    for (const auto& [title, value] : values) row.push_back(fmt::format("{:.4f}", value));
    table.add(std::move(row));
  }
  table.print();
  if (options.device_memory && it.gpu_ms.empty())
    fmt::print("GPU ms: not timed: the host does some of the steps\n");
  fmt::print("activations  {}\n", bytes_text(it.peak_activation_bytes));
}

void print_layers(const std::vector<LayerTime>& layers, const LayerRoofs& roofs,
                  const EngineSummary& summary) {
  std::vector<size_t> order(layers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return layers[a].microseconds > layers[b].microseconds;
  });
  const bool has_roofs = !roofs.parts.empty();
  std::vector<Table::Column> columns = {{"us", Table::Align::right},
                                        {"share", Table::Align::right}};
  if (has_roofs) columns.push_back({"of roof", Table::Align::right});
  columns.insert(columns.end(), {{"step"}, {"kind"}, {"tactic"}, {"ONNX nodes"}});
  Table table(std::move(columns));
  for (const size_t i : order) {
    const StepInfo& step = summary.steps[layers[i].step];
    std::vector<std::string> row = {fmt::format("{:.1f}", layers[i].microseconds),
                                    fmt::format("{:.1f}%", 100 * layers[i].share)};
    if (has_roofs) row.push_back(roofs.text(i));
    row.insert(row.end(),
               {step.name, step.kind, step.tactic, fmt::format("{}", fmt::join(step.origin, " "))});
    table.add(std::move(row));
  }
  fmt::print("\n");
  table.print();
  if (!roofs.missing.empty()) fmt::print("of roof: not known: {}\n", roofs.missing);
}

void check_device_memory(const EngineSummary& summary) {
  require(std::any_of(summary.steps.begin(), summary.steps.end(),
                      [](const StepInfo& step) { return step.place == "device"; }),
          ErrorCode::invalid_argument, "--device-memory: no step of the engine runs on a GPU");
}

int bench(const BenchCommand& command) {
  const MeasureOptions options = measure_options(command);
  const auto begin = std::chrono::steady_clock::now();
  const auto engine = open_engine(command.file, {.threads = options.team.threads,
                                                 .shapes = command.inputs.shapes,
                                                 .device = command.device,
                                                 .tuning_budget = command.tuning_budget,
                                                 .plugins = command.plugins,
                                                 .verbose = command.verbose});
  const EngineSummary summary = engine->summary();
  if (options.device_memory) check_device_memory(summary);
  Start start;
  start.open_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  const std::vector<Value> inputs = gather_inputs(*engine, command.inputs);
  for (size_t i = 0; i < inputs.size(); ++i)
    fmt::print("input {}: {}\n", engine->inputs()[i].name, value_summary(inputs[i]));
  start.first_run_ms = first_run_ms(engine, inputs, options.team);
  if (const std::string plan = plan_text(summary); !plan.empty()) fmt::print("{}\n", plan);
  fmt::print("opened in {:.1f} ms, first run {:.1f} ms\n", start.open_ms, start.first_run_ms);
  const Measurement measured = measure(engine, inputs, options);
  print_table(measured, options);
  nlohmann::json layers;
  if (command.per_layer) {
    const std::vector<LayerTime> times = layer_times(engine, inputs, options);
    const LayerRoofs roofs = layer_roofs(*engine, inputs, times, summary, options.team.threads);
    print_layers(times, roofs, summary);
    layers = layers_json(times, roofs, summary);
  }
  if (!command.json.empty())
    write_json(command, options, start, measured, std::move(layers), summary);
  if (!command.trace.empty())
    write_file(command.trace, trace_json(command.file, summary,
                                         trace_runs(engine, inputs, options, command.trace_runs))
                                      .dump() +
                                  '\n');
  return 0;
}

void add_measure_options(CLI::App& app, BenchCommand& command) {
  MeasureOptions& options = command.measure;
  add_thread_options(app, options.team, "Threads of a stream; 0: the cores, shared out");
  app.add_option("--streams", options.streams, "Runs that go on at once (default 1)")
      ->type_name("N")
      ->check(whole_number(1, 1024));
  app.add_option("--seconds", options.seconds, "How long to measure (default 3)")
      ->type_name("S")
      ->check(positive_number());
  app.add_option("--iterations", command.iterations, "Measure so many runs of each stream instead")
      ->type_name("N")
      ->check(whole_number(1));
  app.add_flag("--device-memory", options.device_memory,
               "Inputs and outputs stay on the GPU, and its own clock times the runs too");
  app.add_option("--warmup", options.warm_up_runs, "Runs before measuring (default 10)")
      ->type_name("N")
      ->check(whole_number(0));
}

}  // namespace

Action define_bench(CLI::App& app) {
  const auto command = std::make_shared<BenchCommand>();
  app.add_option("FILE", command->file, "An engine, or an ONNX model, which is built in memory")
      ->required();
  add_measure_options(app, *command);
  add_input_options(app, command->inputs);
  app.add_option("--seed", command->inputs.seed, "Of made-up inputs (default 1)")
      ->type_name("SEED")
      ->check(seed_number());
  app.add_option("--tuning-budget", command->tuning_budget,
                 "Seconds of measuring kernels when a model is built (default 0)")
      ->type_name("SECONDS")
      ->check(number_from(0));
  add_device(app, command->device,
             "Processor: auto (the engine's; for a model the first GPU if there is one), cpu, cuda "
             "or cuda:N");
  app.add_flag("--per-layer", command->per_layer,
               "Time each step too, in runs of their own; slowest first");
  app.add_option("--json", command->json, "Write the figures to a file")->type_name("FILE");
  app.add_option("--trace", command->trace,
                 "Write a timeline of the steps, in runs of their own, for Perfetto")
      ->type_name("FILE");
  app.add_option("--trace-runs", command->trace_runs,
                 "Runs of each stream in the timeline (default 10)")
      ->type_name("N")
      ->check(whole_number(1));
  add_plugin_option(app, command->plugins);
  app.add_flag("-v,--verbose", command->verbose, "Print what happens");
  app.footer(
      "\nInputs that are not given are made up: floats near a normal distribution, small "
      "integers.\n"
      "\nExamples:\n"
      "  cermet bench net.engine --threads 1 --seconds 5\n"
      "  cermet bench net.engine --shapes x:8x3x224x224 --streams 2 --json bench.json\n"
      "  cermet bench net.onnx --per-layer\n"
      "  cermet bench net.engine --streams 2 --trace trace.json\n"
      "  cermet bench net.engine --device cuda:1 --device-memory\n");
  return [command] { return bench(*command); };
}

}  // namespace cermet::tools
