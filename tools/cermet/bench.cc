// cermet bench: latency and throughput of an engine.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "commands.h"
#include "common/errors.h"
#include "common/files.h"
#include "common/inputs.h"
#include "common/run_command.h"
#include "common/table.h"
#include "common/tensor_text.h"
#include "engine_source.h"
#include "measure.h"

namespace cermet::tools {
namespace {

struct BenchCommand {
  std::string file;
  InputOptions inputs{.files = {}, .folder = {}, .shapes = {}, .seed = 1};
  MeasureOptions measure{.threads = 0};
  double tuning_budget = 0;
  std::vector<std::string> plugins;
  std::string json;
  bool per_layer = false;
  bool verbose = false;
};

// Streams share the cores unless the user says otherwise.
int threads_of(const BenchCommand& command) {
  if (command.measure.threads > 0) return command.measure.threads;
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  return std::max(1, cores / command.measure.streams);
}

nlohmann::json latency_json(const Measurement& it) {
  return {{"min", it.latencies_ms.front()}, {"mean", it.mean_ms()},
          {"median", it.median_ms()},       {"p90", it.percentile_ms(0.90)},
          {"p95", it.percentile_ms(0.95)},  {"p99", it.percentile_ms(0.99)},
          {"max", it.latencies_ms.back()}};
}

nlohmann::json layers_json(const std::vector<LayerTime>& layers, const EngineSummary& summary) {
  nlohmann::json list = nlohmann::json::array();
  for (const LayerTime& layer : layers) {
    const StepInfo& step = summary.steps[layer.step];
    list.push_back({{"step", layer.step},
                    {"name", step.name},
                    {"kind", step.kind},
                    {"tactic", step.tactic},
                    {"nodes", step.origin},
                    {"microseconds", layer.microseconds},
                    {"share", layer.share}});
  }
  return list;
}

void write_json(const BenchCommand& command, const MeasureOptions& options,
                const Measurement& measured, const std::vector<LayerTime>& layers,
                const EngineSummary& summary) {
  nlohmann::json report = {{"file", command.file},
                           {"version", CERMET_VERSION_STRING},
                           {"threads", options.threads},
                           {"streams", options.streams},
                           {"warmup", options.warmup},
                           {"iterations", measured.latencies_ms.size()},
                           {"seconds", measured.seconds},
                           {"throughput", measured.throughput()},
                           {"latency_ms", latency_json(measured)},
                           {"activation_bytes", measured.peak_activation_bytes}};
  if (command.per_layer) report["layers"] = layers_json(layers, summary);
  write_file(command.json, report.dump(2) + '\n');
}

void print_table(const Measurement& it, const MeasureOptions& options) {
  fmt::print("{} runs in {:.2f} s: {:.2f} runs/s; {} stream(s) of {} thread(s)\n",
             it.latencies_ms.size(), it.seconds, it.throughput(), options.streams, options.threads);
  std::vector<Table::Column> columns = {{"latency"}};
  std::vector<std::string> row = {"ms"};
  const std::pair<const char*, double> figures[] = {
      {"min", it.latencies_ms.front()}, {"mean", it.mean_ms()},
      {"median", it.median_ms()},       {"p90", it.percentile_ms(0.90)},
      {"p95", it.percentile_ms(0.95)},  {"p99", it.percentile_ms(0.99)},
      {"max", it.latencies_ms.back()}};
  for (const auto& [title, value] : figures) {
    columns.push_back({title, Table::Align::right});
    row.push_back(fmt::format("{:.4f}", value));
  }
  Table table(std::move(columns));
  table.add(std::move(row));
  table.print();
  fmt::print("activations  {}\n", bytes_text(it.peak_activation_bytes));
}

void print_layers(std::vector<LayerTime> layers, const EngineSummary& summary) {
  std::stable_sort(layers.begin(), layers.end(), [](const LayerTime& a, const LayerTime& b) {
    return a.microseconds > b.microseconds;
  });
  Table table({{"us", Table::Align::right},
               {"share", Table::Align::right},
               {"step"},
               {"kind"},
               {"tactic"},
               {"ONNX nodes"}});
  for (const LayerTime& layer : layers) {
    const StepInfo& step = summary.steps[layer.step];
    table.add({fmt::format("{:.1f}", layer.microseconds), fmt::format("{:.1f}%", 100 * layer.share),
               step.name, step.kind, step.tactic, fmt::format("{}", fmt::join(step.origin, " "))});
  }
  fmt::print("\n");
  table.print();
}

int bench(const BenchCommand& command) {
  MeasureOptions options = command.measure;
  options.threads = threads_of(command);
  const auto engine = open_engine(command.file, {.threads = options.threads,
                                                 .shapes = command.inputs.shapes,
                                                 .tuning_budget = command.tuning_budget,
                                                 .plugins = command.plugins,
                                                 .verbose = command.verbose});
  const std::vector<Value> inputs = gather_inputs(*engine, command.inputs);
  for (size_t i = 0; i < inputs.size(); ++i)
    fmt::print("input {}: {}\n", engine->inputs()[i].name, value_summary(inputs[i]));
  const Measurement measured = measure(engine, inputs, options);
  print_table(measured, options);
  std::vector<LayerTime> layers;
  const EngineSummary summary = engine->summary();
  if (command.per_layer) {
    layers = measure_layers(engine, inputs, options);
    print_layers(layers, summary);
  }
  if (!command.json.empty()) write_json(command, options, measured, layers, summary);
  return 0;
}

void add_measure_options(CLI::App& app, MeasureOptions& options) {
  app.add_option("--threads", options.threads, "Threads of a stream; 0: the cores, shared out")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--streams", options.streams, "Runs that go on at once (default 1)")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  app.add_option("--seconds", options.seconds, "How long to measure (default 3)")
      ->type_name("S")
      ->check(CLI::PositiveNumber);
  app.add_option("--iterations", options.iterations, "Measure so many runs of each stream instead")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  app.add_option("--warmup", options.warmup, "Runs before measuring (default 10)")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
}

}  // namespace

Action define_bench(CLI::App& app) {
  const auto command = std::make_shared<BenchCommand>();
  app.add_option("FILE", command->file, "An engine, or an ONNX model, which is built in memory")
      ->required();
  add_measure_options(app, command->measure);
  add_input_options(app, command->inputs);
  app.add_option("--seed", command->inputs.seed, "Of made-up inputs (default 1)")
      ->type_name("SEED");
  app.add_option("--tuning-budget", command->tuning_budget,
                 "Seconds of measuring kernels when a model is built; only 0 yet")
      ->type_name("SECONDS")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--per-layer", command->per_layer,
               "Time each step too, in runs of their own; slowest first");
  app.add_option("--json", command->json, "Write the figures to a file")->type_name("FILE");
  add_plugin_option(app, command->plugins);
  app.add_flag("-v,--verbose", command->verbose, "Print what happens");
  app.footer(
      "\nInputs that are not given are made up: floats near a normal distribution, small "
      "integers.\n"
      "\nExamples:\n"
      "  cermet bench net.engine --threads 1 --seconds 5\n"
      "  cermet bench net.engine --shapes x:8x3x224x224 --streams 2 --json bench.json\n"
      "  cermet bench net.onnx --per-layer\n");
  return [command] { return bench(*command); };
}

}  // namespace cermet::tools
