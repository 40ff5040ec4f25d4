#include "common/run_command.h"

#include "common/checks.h"
#include "common/device_choice.h"
#include "common/errors.h"
#include "common/terminal.h"

namespace cermet::tools {

void add_plugin_option(CLI::App& command, std::vector<std::string>& plugins) {
  command.add_option("--plugin", plugins, "A library of custom operators; repeat for more")
      ->type_name("FILE.so")
      ->allow_extra_args(false);
}

void add_random_inputs(CLI::App& command, InputOptions& options) {
  command.add_flag_callback(
      "--random-inputs", [&options] { options.seed = options.seed.value_or(1); },
      "Make up the inputs that are not given");
  command
      .add_option_function<uint64_t>(
          "--seed", [&options](uint64_t seed) { options.seed = seed; },
          "Make them up from this seed (default 1)")
      ->type_name("SEED")
      ->check(seed_number());
}

void add_run_options(CLI::App& command, RunOptions& options, const std::string& file_name) {
  command.add_option("FILE", options.file, file_name)->required();
  add_input_options(command, options.inputs);
  command
      .add_option("--input-dir", options.inputs.folder,
                  "Folder with input_0.pb, input_1.pb .. (or .npy) in the model's order")
      ->type_name("DIR");
  add_random_inputs(command, options.inputs);
  command
      .add_option("--output-dir", options.outputs.folder,
                  "Folder for output_0, output_1 .. in the model's order; made when missing")
      ->type_name("DIR");
  command
      .add_option_function<std::string>(
          "--format",
          [&options](const std::string& format) {
            options.outputs.format = format == "pb" ? FileFormat::pb : FileFormat::npy;
          },
          "Of the outputs: npy or pb (default: pb with --input-dir, else npy)")
      ->check(CLI::IsMember({"npy", "pb"}));
  command.add_flag("--by-name", options.outputs.by_name, "Name the files after the outputs");
  add_device(command, options.device,
             "Processor: auto (the engine's; for a model the first GPU if there is one), cpu, cuda "
             "or cuda:N");
  add_thread_options(command, options.threads, "Threads; 0: one a core");
  add_plugin_option(command, options.plugins);
  command.add_flag("-v,--verbose", options.verbose, "Print what happens");
}

int run_engine(const RunOptions& options, const EngineSource& source) {
  const std::shared_ptr<const Engine> engine = source(options);
  if (const std::string plan = plan_text(engine->summary()); !plan.empty())
    fmt::print(stderr, "{}\n", plan);
  const std::vector<Value> inputs = gather_inputs(*engine, options.inputs);
  ExecutionContext context(engine, options.threads.context());
  options.threads.keep_caller();
  set_inputs(context, *engine, inputs);
  context.execute();
  OutputOptions outputs = options.outputs;
  if (!outputs.format)
    outputs.format = options.inputs.folder.empty() ? FileFormat::npy : FileFormat::pb;
  give_outputs(*engine, context, outputs);
  return 0;
}

std::string plan_text(const EngineSummary& summary) {
  if (summary.plans.size() < 2) return {};
  return fmt::format("runs on {}: the plan for {}",
                     summary.runs_on.empty() ? "nothing" : summary.runs_on,
                     summary.runs_on == "cpu" ? "the CPU" : "the GPU");
}

bool is_model(const std::string& path) { return path.ends_with(".onnx"); }

}  // namespace cermet::tools
