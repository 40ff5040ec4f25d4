#include "common/device_choice.h"

#include <algorithm>
#include <charconv>

#include "common/errors.h"

namespace cermet::tools {
namespace {

constexpr std::string_view both = "cuda,cpu";

}  // namespace

void add_device(CLI::App& command, std::string& device, const std::string& what) {
  command.add_option("--device", device, what)->type_name("DEVICE")->capture_default_str();
}

int gpu_of(const std::string& device) {
  constexpr std::string_view prefix = "cuda:";
  if (device == "auto" || device == "cpu" || device == "cuda" || device == both) return 0;
  int gpu = -1;
  if (device.starts_with(prefix)) {
    const auto [end, error] =
        std::from_chars(device.data() + prefix.size(), device.data() + device.size(), gpu);
    if (error != std::errc() || end != device.data() + device.size()) gpu = -1;
  }
  require(gpu >= 0, ErrorCode::invalid_argument,
          "there is no device '{}'; expected auto, cpu, cuda, cuda:N or cuda,cpu", device);
  return gpu;
}

PlanChoice plan_of(const std::string& device) {
  if (device == "cpu") return PlanChoice::cpu;
  return device == "auto" || device == both ? PlanChoice::usable : PlanChoice::gpu;
}

void check_device(const Engine& engine, const std::string& device) {
  if (device == "auto" || device == both) return;
  const std::vector<StepInfo> steps = engine.summary().steps;
  const bool uses_gpu = std::any_of(steps.begin(), steps.end(),
                                    [](const StepInfo& step) { return step.place == "device"; });
  const bool wants_gpu = device != "cpu";
  require(uses_gpu == wants_gpu, ErrorCode::invalid_argument,
          "--device {}: the engine was built for {}. Build it with --device {}, or leave the flag "
          "out here",
          device, uses_gpu ? "a GPU" : "the CPU", wants_gpu ? "cuda" : "cpu");
}

}  // namespace cermet::tools
