// cermet run: one run of an engine or model with inputs from files.
#include "commands.h"
#include "common/run_command.h"
#include "engine_source.h"

namespace cermet::tools {

Action define_run(CLI::App& command) {
  const auto options = std::make_shared<RunOptions>();
  add_run_options(command, *options, "An engine, or an ONNX model, which is built in memory");
  command.footer(
      "\nA model is built without measuring kernels: one run does not repay it.\n"
      "\nExamples:\n"
      "  cermet run net.engine --input x=x.npy --input mask=mask.npy --output-dir out\n"
      "  cermet run net.onnx --input-dir test_data_set_0 --output-dir out\n"
      "  cermet run net.onnx --random-inputs --seed 7 --shapes x:1x3x224x224\n"
      "  cermet run net.engine --random-inputs --device cuda:1\n");
  return [options] {
    return run_engine(*options, [](const RunOptions& run) {
      return open_engine(run.file, {.threads = run.threads.threads,
                                    .shapes = run.inputs.shapes,
                                    .device = run.device,
                                    .plugins = run.plugins,
                                    .verbose = run.verbose});
    });
  };
}

}  // namespace cermet::tools
