// cermet tune: an engine's kernels chosen again, by measuring them on this machine.
#include "cermet/tune.h"

#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "build_options.h"
#include "commands.h"
#include "common/checks.h"
#include "common/errors.h"
#include "common/run_command.h"
#include "common/table.h"
#include "common/terminal.h"
#include "explain.h"

namespace cermet::tools {
namespace {

struct TuneCommand {
  std::string engine;
  TuneOptions options;
  bool explain = false;
  bool verbose = false;
};

size_t size_of(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<size_t>(status.st_size) : 0;
}

void print_plan(const char* what, const BuildReport& report) {
  fmt::print("{}: {} steps for {}; {} problems measured, {} steps compared with the model\n", what,
             report.steps.size(), report.device, report.measured_problems, report.validated_steps);
  if (report.unmeasured_problems > 0)
    fmt::print(
        "the tuning budget was spent before {} problems were measured; their kernels are "
        "chosen by estimates\n",
        report.unmeasured_problems);
}

int tune(const TuneCommand& command) {
  TuneOptions options = command.options;
  options.logger = stderr_logger(command.verbose);
  ProgressBar bar(!command.verbose);
  options.progress = [&](std::string_view stage, double done) { bar.show(stage, done); };
  BuildReport report;
  report.keep_near_fusions = command.explain;
  const size_t before = size_of(command.engine);
  try {
    tune_engine_file(command.engine, options, &report);
  } catch (...) {
    bar.clear();
    throw;
  }
  bar.clear();
  if (command.explain) print_explanation(report, stdout);
  print_plan(command.engine.c_str(), report);
  double milliseconds = report.milliseconds;
  for (const BuildReport& on_cpu : report.on_cpu) {
    print_plan("its plan for the CPU", on_cpu);
    milliseconds += on_cpu.milliseconds;
  }
  fmt::print("tuned in {:.1f} s, {} became {}\n", milliseconds / 1000, bytes_text(before),
             bytes_text(size_of(command.engine)));
  return 0;
}

}  // namespace

Action define_tune(CLI::App& app) {
  const auto command = std::make_shared<TuneCommand>();
  TuneOptions& options = command->options;
  app.add_option("ENGINE", command->engine, "The engine file, which is replaced when all is done")
      ->required();
  add_tuning_flags(app,
                   {options.tuning_budget, options.timing_cache, options.frozen, options.validate});
  app.add_option("--device", options.device,
                 "The GPU that measures an engine for one: cuda (the first) or cuda:N")
      ->type_name("DEVICE");
  add_architectures(app, options.architectures,
                    "Architectures for which it has kernels from now on (default: those it has)");
  app.add_option("--threads", options.threads,
                 "Threads that it will run with (default: as it was built)")
      ->type_name("N")
      ->check(whole_number(1));
  app.add_flag("!--no-model", options.keep_model,
               "Drop the model: a smaller file that can't be tuned again");
  app.add_flag("--explain", command->explain, "Print each step's candidates");
  add_plugin_option(app, options.plugins);
  app.add_flag("-v,--verbose", command->verbose, "Print what happens");
  app.footer(
      "\nThe engine has to hold its model: `cermet inspect` says so, `cermet build --keep-model` "
      "keeps it.\n"
      "\nExamples:\n"
      "  cermet build net.onnx -o net.engine --device cuda --arch sm_80,sm_90   (anywhere)\n"
      "  cermet tune net.engine   (on the machine with the card)\n"
      "  cermet tune net.engine --tuning-budget 60 --timing-cache times.txt --no-model\n");
  return [command] { return tune(*command); };
}

}  // namespace cermet::tools
