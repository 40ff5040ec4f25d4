// cermet debug bisect: the pass, patch or kernel that makes a model's results wrong.
#include <fmt/format.h>

#include "cermet/bisect.h"
#include "commands.h"
#include "common/checks.h"
#include "common/errors.h"
#include "common/inputs.h"
#include "common/run_command.h"
#include "common/shapes.h"
#include "common/terminal.h"

namespace cermet::tools {
namespace {

struct BisectCommand {
  std::string model;
  std::string against = "reference";
  InputOptions inputs{.files = {}, .folder = {}, .shapes = {}, .seed = 1};
  BisectOptions options;
  bool verbose = false;
};

void print_nodes(const char* title, const std::vector<std::string>& nodes) {
  for (const std::string& node : nodes) fmt::print("  {:<11} {}\n", title, node);
}

void print_patch(const BisectReport& report) {
  if (report.pass.empty()) {
    fmt::print("{} patch {}, after {} that do no harm, fails\n  {}\n",
               coloured(stdout, Colour::red, "wrong:"), report.patches + 1, report.patches,
               report.difference);
    return;
  }
  fmt::print("{} pass {}, patch {}; found among {} patches in {} runs\n",
             coloured(stdout, Colour::red, "wrong:"), report.pass, report.patch, report.patches,
             report.runs);
  fmt::print("  {:<11} {}\n", "difference", report.difference);
  print_nodes("ONNX node", report.nodes);
  print_nodes("before", report.before);
  print_nodes("after", report.after);
  fmt::print("--stop-after {}:{} is the first build that is wrong; --skip-pass {} goes round it\n",
             report.pass, report.patch, report.pass);
}

void print_tactic(const BisectReport& report) {
  fmt::print("{} step {}, kernel {}{}{}; found among {} steps in {} runs\n",
             coloured(stdout, Colour::red, "wrong:"), report.step, report.tactic,
             report.configuration.empty() ? "" : " ", report.configuration, report.steps,
             report.runs);
  fmt::print("  {:<11} {}\n", "difference", report.difference);
  print_nodes("ONNX node", report.nodes);
  fmt::print("  {:<11} {}\n", "problem", report.problem);
  fmt::print("all {} patches of the passes do no harm; --disable-tactic {} goes round it\n",
             report.patches, report.tactic);
}

int bisect(const BisectCommand& command) {
  require(command.against == "reference", ErrorCode::invalid_argument,
          "--against {}: expected reference", command.against);
  BisectOptions options = command.options;
  options.logger = stderr_logger(command.verbose);
  ShapeProfile profile;
  for (const auto& [name, shape] : parse_shapes(command.inputs.shapes))
    profile.push_back({name, shape, shape, shape});
  if (!profile.empty()) options.profiles.push_back(std::move(profile));
  options.inputs = [&](const Engine& engine) { return gather_inputs(engine, command.inputs); };
  options.progress = [](std::string_view what) { fmt::print(stderr, "trying {}\n", what); };
  const BisectReport report = bisect_model(command.model, options);
  if (report.fault == BisectReport::Fault::none) {
    fmt::print("{}: {} patches and the kernels of {} steps, {} runs\n",
               coloured(stdout, Colour::green, "nothing differs"), report.patches, report.steps,
               report.runs);
    return 0;
  }
  report.fault == BisectReport::Fault::patch ? print_patch(report) : print_tactic(report);
  return exit_status(ErrorCode::internal);
}

void add_bisect_options(CLI::App& app, BisectCommand& command) {
  app.add_option("MODEL", command.model, "The ONNX model")->required();
  app.add_option("--against", command.against,
                 "What is right: reference, the model as it is computed by reference kernels")
      ->type_name("reference");
  add_input_options(app, command.inputs);
  app.add_option("--seed", command.inputs.seed, "Of made-up inputs (default 1)")
      ->type_name("SEED")
      ->check(seed_number());
  app.add_option("--tolerance", command.options.tolerance,
                 "By which floats may be off, as a part of an output's largest (default 1e-3)")
      ->type_name("R")
      ->check(number_from(0));
  app.add_option("--threads", command.options.threads, "Threads to run with (default 1)")
      ->type_name("N")
      ->check(whole_number(1));
  app.add_option("--timing-cache", command.options.timing_cache,
                 "Choose kernels by the times in it, as the build did; nothing is measured")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  app.add_option("--disable-tactic", command.options.disabled_tactics,
                 "Never choose a tactic, by name or prefix such as onednn.; repeat for more")
      ->type_name("NAME");
  add_plugin_option(app, command.options.plugins);
  app.add_flag("-v,--verbose", command.verbose, "Print what happens");
}

}  // namespace

Action define_debug(CLI::App& app) {
  app.require_subcommand(1);
  CLI::App& command = *app.add_subcommand(
      "bisect", "Find the pass and patch, or the kernel, that makes results wrong");
  const auto options = std::make_shared<BisectCommand>();
  add_bisect_options(command, *options);
  command.footer(
      "\nInputs that are not given are made up. The exit status is 10 when something is wrong.\n"
      "\nExamples:\n"
      "  cermet debug bisect net.onnx --against reference\n"
      "  cermet debug bisect net.onnx --input x=x.npy --tolerance 1e-4\n");
  return [options] { return bisect(*options); };
}

}  // namespace cermet::tools
