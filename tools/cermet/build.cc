// cermet build: an engine file from an ONNX model.
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "build_options.h"
#include "commands.h"
#include "common/errors.h"
#include "common/files.h"
#include "common/table.h"
#include "common/terminal.h"
#include "explain.h"

namespace cermet::tools {
namespace {

struct BuildCommand {
  std::string model, engine;
  BuildFlags flags;
  std::string dump_graph;
  std::string explain;  // "", "text" or "json"
  bool verbose = false;
};

// Three texts into a folder; into a file, one after the other.
void dump(const BuildReport& report, const std::string& path) {
  const std::pair<const char*, const std::string*> parts[] = {
      {"imported.txt", &report.imported_graph},
      {"optimized.txt", &report.optimized_graph},
      {"plan.txt", &report.plan}};
  struct stat status;
  const bool is_folder =
      path.ends_with('/') || (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode));
  if (is_folder) make_folder(path);
  std::string all;
  for (const auto& [name, text] : parts) {
    if (text->empty()) continue;
    if (is_folder) write_file(fmt::format("{}/{}", path, name), *text);
    all += fmt::format("# {}\n{}\n", name, *text);
  }
  if (!is_folder) write_file(path, all);
}

void print_passes(const BuildReport& report) {
  Table table({{"pass"}, {"patches", Table::Align::right}, {"ms", Table::Align::right}});
  for (const PassReport& pass : report.passes)
    table.add(
        {pass.name, fmt::format("{}", pass.patches), fmt::format("{:.2f}", pass.milliseconds)});
  table.print(stderr);
}

void print_outcome(const std::string& engine, const BuildReport& report) {
  double milliseconds = report.milliseconds;
  int unmeasured = report.unmeasured_problems;
  std::string more;
  for (const BuildReport& on_cpu : report.on_cpu) {
    milliseconds += on_cpu.milliseconds;
    unmeasured += on_cpu.unmeasured_problems;
    more = fmt::format(" and {} of the plan for the CPU", on_cpu.steps.size());
  }
  fmt::print("{}: {} ONNX nodes, {} steps{}, built in {:.1f} s\n", engine, report.onnx_nodes,
             report.steps.size(), more, milliseconds / 1000);
  if (report.model_bytes > 0)
    fmt::print("it keeps the model for cermet tune, {} beside the constants (--no-model: none)\n",
               bytes_text(report.model_bytes));
  if (unmeasured > 0)
    fmt::print(
        "the tuning budget was spent before {} of them were measured; their kernels are "
        "chosen by estimates\n",
        unmeasured);
}

int build(const BuildCommand& command) {
  require(command.explain.empty() || command.explain == "text" || command.explain == "json",
          ErrorCode::invalid_argument, "--explain={}: expected text or json", command.explain);
  BuildOptions options = build_options(command.flags);
  options.logger = stderr_logger(command.verbose);
  ProgressBar bar(!command.verbose);
  options.progress = [&](std::string_view stage, double done) { bar.show(stage, done); };
  BuildReport report;
  report.keep_text = !command.dump_graph.empty();
  report.keep_near_fusions = !command.explain.empty();
  try {
    build_engine_file(command.model, command.engine, options, &report);
  } catch (...) {
    bar.clear();
    // What there is of a build that failed is what a person wants to look at.
    if (report.keep_text) dump(report, command.dump_graph);
    throw;
  }
  bar.clear();
  if (report.keep_text) dump(report, command.dump_graph);
  if (command.verbose) print_passes(report);
  if (command.verbose && report.validated_steps > 0)
    fmt::print(stderr, "validated {} steps in {:.0f} ms\n", report.validated_steps,
               report.validation_milliseconds);
  if (command.explain == "json") {
    fmt::print("{}\n", explanation_json(report).dump(2));
    return 0;
  }
  if (command.explain == "text") print_explanation(report, stdout);
  print_outcome(command.engine, report);
  return 0;
}

}  // namespace

Action define_build(CLI::App& app) {
  const auto command = std::make_shared<BuildCommand>();
  app.add_option("MODEL", command->model, "The ONNX model")->required();
  app.add_option("-o,--output", command->engine, "The engine file to write")
      ->required()
      ->type_name("FILE");
  add_build_flags(app, command->flags);
  app.add_option("--dump-graph", command->dump_graph,
                 "Write the graph before and after the passes, and the plan, as text")
      ->type_name("FILE|DIR");
  app.add_flag(
      "--explain{text}", command->explain,
      "Print each step's candidates and fusions that almost were; --explain=json for programs");
  app.get_option("--explain")->type_name("json");
  app.add_flag("-v,--verbose", command->verbose, "Print what happens, and the passes' times");
  app.footer(
      "\nExamples:\n"
      "  cermet build net.onnx -o net.engine\n"
      "  cermet build net.onnx -o net.engine --min-shapes x:1x3x224x224 \\\n"
      "    --opt-shapes x:8x3x224x224 --max-shapes x:32x3x224x224\n"
      "  cermet build net.onnx -o net.engine --explain=json > why.json\n"
      "  cermet build net.onnx -o net.engine --stop-after fold-constants:3\n");
  return [command, passes = app.get_option("--passes")] {
    command->flags.options.all_passes = passes->count() == 0;
    return build(*command);
  };
}

}  // namespace cermet::tools
