// cermet: builds, runs, checks, shows and measures engines.
#include "commands.h"
#include "common/command_line.h"
#include "common/errors.h"

namespace cermet::tools {
namespace {

struct Subcommand {
  const char* name;
  const char* purpose;
  Action (*define)(CLI::App&);
};
constexpr Subcommand subcommands[] = {
    {"build", "Build an engine from an ONNX model", define_build},
    {"tune", "Measure an engine's kernels again on this machine", define_tune},
    {"run", "Run an engine or model with inputs from files", define_run},
    {"inspect", "Show what an engine consists of", define_inspect},
    {"check", "Find all problems of an ONNX model", define_check},
    {"bench", "Measure the time of an engine or model", define_bench},
    {"report", "Write a page that shows an engine's steps, times and memory", define_report},
    {"debug", "Find out why results are wrong", define_debug},
    {"trtexec", "Build and measure with the flags of trtexec", define_trtexec},
    {"devices", "List the processors that this machine has", define_devices},
};

int run(int argc, char** argv) {
  CLI::App app("Cermet turns ONNX models into engines tuned for this machine, and runs them.",
               "cermet");
  app.set_version_flag("--version", "cermet " CERMET_VERSION_STRING);
  app.require_subcommand(1);
  app.footer(
      "\nExamples:\n"
      "  cermet build net.onnx -o net.engine\n"
      "  cermet run net.engine --input x=x.npy --output-dir out\n"
      "  cermet bench net.engine --threads 1\n"
      "`cermet COMMAND --help` tells more. NO_COLOR=1 turns colours off.\n\n" +
      exit_status_help());
  std::vector<std::pair<CLI::App*, Action>> actions;
  for (const Subcommand& subcommand : subcommands) {
    CLI::App* command = app.add_subcommand(subcommand.name, subcommand.purpose);
    actions.emplace_back(command, subcommand.define(*command));
  }
  return parse_and_run(app, argc, argv, [&] {
    for (const auto& [command, action] : actions)
      if (command->parsed()) return action();
    fail(ErrorCode::internal, "no subcommand was parsed");
  });
}

}  // namespace
}  // namespace cermet::tools

int main(int argc, char** argv) { return cermet::tools::run(argc, argv); }
