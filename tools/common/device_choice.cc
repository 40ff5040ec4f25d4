#include "common/device_choice.h"

#include <algorithm>

#include "cermet/devices.h"
#include "common/errors.h"

namespace cermet::tools {

void add_device(CLI::App& command, std::string& device, const std::string& what) {
  command.add_option("--device", device, what)->type_name("DEVICE")->capture_default_str();
}

int gpu_of(const std::string& device) { return named_devices(device).card; }

PlanChoice plan_of(const std::string& device) {
  const NamedDevices named = named_devices(device);
  if (!named.gpu) return PlanChoice::cpu;
  return named.cpu ? PlanChoice::usable : PlanChoice::gpu;
}

void check_device(const Engine& engine, const std::string& device) {
  const NamedDevices named = named_devices(device);
  if (named.cpu && named.gpu) return;
  const std::vector<StepInfo> steps = engine.summary().steps;
  const bool uses_gpu = std::any_of(steps.begin(), steps.end(),
                                    [](const StepInfo& step) { return step.place == "device"; });
  require(uses_gpu == named.gpu, ErrorCode::invalid_argument,
          "--device {}: the engine was built for {}. Build it with --device {}, or leave the flag "
          "out here",
          device, uses_gpu ? "a GPU" : "the CPU", named.gpu ? "cuda" : "cpu");
}

}  // namespace cermet::tools
