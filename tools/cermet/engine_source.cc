#include "engine_source.h"

#include "common/device_choice.h"
#include "common/run_command.h"
#include "common/shapes.h"
#include "common/terminal.h"

namespace cermet::tools {

std::shared_ptr<const Engine> open_engine(const std::string& file,
                                          const EngineSourceOptions& options, BuildReport* report) {
  const EngineOptions load = {.logger = stderr_logger(options.verbose),
                              .plugins = options.plugins,
                              .device = gpu_of(options.device),
                              .plan = plan_of(options.device)};
  if (!is_model(file)) {
    auto engine = Engine::load(file, load);
    check_device(*engine, options.device);
    return engine;
  }
  BuildOptions build;
  build.threads = options.threads;
  ShapeProfile profile;
  for (const auto& [name, shape] : parse_shapes(options.shapes))
    profile.push_back({name, shape, shape, shape});
  if (!profile.empty()) build.profiles.push_back(std::move(profile));
  build.device = options.device;
  build.tuning_budget = options.tuning_budget;
  build.timing_cache = options.timing_cache;
  build.plugins = options.plugins;
  build.logger = load.logger;
  ProgressBar bar(!options.verbose);
  build.progress = [&](std::string_view stage, double done) { bar.show(stage, done); };
  return Engine::from_memory(build_engine(file, build, report), load);
}

}  // namespace cermet::tools
