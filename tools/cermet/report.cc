// cermet report: a page that shows what an engine does and where its time goes.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "build_options.h"
#include "commands.h"
#include "common/checks.h"
#include "common/device_choice.h"
#include "common/errors.h"
#include "common/files.h"
#include "common/inputs.h"
#include "common/run_command.h"
#include "engine_source.h"
#include "explain.h"
#include "report_data.h"
#include "report_page.h"

namespace cermet::tools {
namespace {

struct ReportCommand {
  std::string file, page, explanation;
  InputOptions inputs{.files = {}, .folder = {}, .shapes = {}, .seed = 1};
  EngineSourceOptions source{.tuning_budget = 10};
  double seconds = 2;
  MachinePeak peak;
};

nlohmann::json read_explanation(const std::string& path) {
  try {
    return nlohmann::json::parse(read_file(path));
  } catch (const nlohmann::json::exception& error) {
    fail(ErrorCode::invalid_argument, "'{}' is no JSON: {}", path, error.what());
  }
}

int threads_of(const ReportCommand& command) {
  if (command.source.threads > 0) return command.source.threads;
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

ReportData gather(const ReportCommand& command) {
  ReportData data;
  data.file = command.file;
  data.threads = threads_of(command);
  EngineSourceOptions source = command.source;
  source.threads = data.threads;
  source.shapes = command.inputs.shapes;
  if (is_model(command.file)) data.build.emplace().keep_near_fusions = true;
  const auto engine = open_engine(command.file, source, data.build ? &*data.build : nullptr);
  const std::vector<Value> inputs = gather_inputs(*engine, command.inputs);
  data.summary = engine->summary();
  data.inputs = engine->inputs();
  data.outputs = engine->outputs();
  data.shapes = shapes_of(*engine, inputs);
  data.plan = engine->execution_plan(data.shapes, data.threads);
  MeasureOptions options;
  options.team.threads = data.threads;
  options.seconds = command.seconds;
  options.gpu = gpu_of(command.source.device);
  data.measured = measure(engine, inputs, options);
  data.layers = layer_times(engine, inputs, options);
  data.roofline = Roofline::of_engine(data.summary, command.peak, data.threads);
  return data;
}

int report(const ReportCommand& command) {
  require(command.explanation.empty() || !is_model(command.file), ErrorCode::invalid_argument,
          "--explain is for engines: the candidates of a model that is built for the report are "
          "known");
  nlohmann::json explanation;
  if (!command.explanation.empty()) explanation = read_explanation(command.explanation);
  const ReportData data = gather(command);
  if (data.build) explanation = explanation_json(*data.build);
  write_file(command.page, report_page(report_json(data, explanation)));
  fmt::print("{}: {} steps, {:.3f} ms a run (median of {})\n", command.page,
             data.summary.steps.size(), Spread::of(data.measured.runs).median(),
             data.measured.runs.size());
  return 0;
}

void add_report_options(CLI::App& app, ReportCommand& command) {
  app.add_option("FILE", command.file, "An engine, or an ONNX model, which is built in memory")
      ->required();
  app.add_option("-o,--output", command.page, "The page to write")->required()->type_name("FILE");
  app.add_option("--explain", command.explanation,
                 "Candidates of an engine's steps: what cermet build --explain=json printed")
      ->type_name("FILE.json");
  add_input_options(app, command.inputs);
  app.add_option("--seed", command.inputs.seed, "Of made-up inputs (default 1)")
      ->type_name("SEED")
      ->check(seed_number());
  app.add_option("--threads", command.source.threads, "Threads to run with; 0: one a core")
      ->type_name("N")
      ->check(whole_number(0));
  add_device(app, command.source.device,
             "Processor: auto (the engine's; for a model the first GPU if there is one), cpu, cuda "
             "or cuda:N");
  app.add_option("--seconds", command.seconds, "How long to measure whole runs (default 2)")
      ->type_name("S")
      ->check(positive_number());
  app.add_option(
         "--peak-gflops", command.peak.gflops,
         "The machine's most operations, 10^9 a second (default: measured, a GPU's from its "
         "clocks)")
      ->type_name("N")
      ->check(positive_number());
  app.add_option("--peak-gigabytes", command.peak.gigabytes,
                 "The memory's bandwidth, 10^9 bytes a second (likewise)")
      ->type_name("N")
      ->check(positive_number());
  app.add_option("--tuning-budget", command.source.tuning_budget,
                 "Seconds of measuring kernels when a model is built (default 10)")
      ->type_name("SECONDS")
      ->check(number_from(0));
  app.add_option("--timing-cache", command.source.timing_cache,
                 "Where a model's build keeps what it measured")
      ->type_name("FILE");
  add_sources(app, command.source.tactic_sources, command.source.compared_sources);
  add_plugin_option(app, command.source.plugins);
  app.add_flag("-v,--verbose", command.source.verbose, "Print what happens");
}

}  // namespace

Action define_report(CLI::App& app) {
  const auto command = std::make_shared<ReportCommand>();
  add_report_options(app, *command);
  app.footer(
      "\nInputs that are not given are made up. The page needs no network.\n"
      "\nExamples:\n"
      "  cermet report net.onnx -o report.html --shapes x:1x3x224x224\n"
      "  cermet build net.onnx -o net.engine --explain=json > why.json\n"
      "  cermet report net.engine --explain why.json -o report.html --threads 1\n"
      "  cermet report net.engine -o report.html --device cuda:1\n");
  return [command] { return report(*command); };
}

}  // namespace cermet::tools
