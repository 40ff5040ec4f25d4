// cermet-run: runs an engine, linked to the runtime library alone.
#include "common/command_line.h"
#include "common/device_choice.h"
#include "common/errors.h"
#include "common/run_command.h"
#include "common/terminal.h"

namespace cermet::tools {
namespace {

std::shared_ptr<const Engine> load(const RunOptions& options) {
  require(!is_model(options.file), ErrorCode::invalid_argument,
          "'{}' is an ONNX model; build it first: cermet build {} -o FILE.engine", options.file,
          options.file);
  auto engine = Engine::load(options.file, {.logger = stderr_logger(options.verbose),
                                            .plugins = options.plugins,
                                            .device = gpu_of(options.device),
                                            .plan = plan_of(options.device)});
  check_device(*engine, options.device);
  return engine;
}

int run(int argc, char** argv) {
  CLI::App app("Runs a Cermet engine.", "cermet-run");
  app.set_version_flag("--version", "cermet-run " CERMET_VERSION_STRING);
  app.footer(
      "\nExamples:\n"
      "  cermet-run net.engine --input x=x.npy --output-dir out\n"
      "  cermet-run net.engine --input-dir test_data_set_0 --output-dir out\n"
      "  cermet-run net.engine --random-inputs --shapes x:1x3x224x224\n"
      "  cermet-run net.engine --random-inputs --device cuda:1\n\n" +
      exit_status_help());
  RunOptions options;
  add_run_options(app, options, "The engine file");
  return parse_and_run(app, argc, argv, [&] { return run_engine(options, load); });
}

}  // namespace
}  // namespace cermet::tools

int main(int argc, char** argv) { return cermet::tools::run(argc, argv); }
