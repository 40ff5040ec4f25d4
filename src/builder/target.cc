#include "builder/target.h"

#include <charconv>

#include "backends/cpu/build/costs.h"
#include "backends/cpu/build/run_step.h"
#include "backends/cpu/build/step_timer.h"
#include "backends/cpu/build/tactics.h"
#include "backends/cuda/build/compiler.h"
#include "backends/cuda/build/costs.h"
#include "backends/cuda/build/limits.h"
#include "backends/cuda/build/lone_run.h"
#include "backends/cuda/build/record_calls.h"
#include "backends/cuda/build/tactics.h"
#include "backends/cuda/run/cublaslt.h"
#include "backends/cuda/run/cudnn.h"
#include "base/error.h"
#include "base/thread_team.h"
#include "cermet/devices.h"

namespace cermet {
namespace {

constexpr int most_architectures = 16;

void check_architectures(const std::vector<std::string>& names) {
  require(names.size() <= most_architectures, ErrorCode::invalid_argument,
          "{} architectures were named, at most {} are possible", names.size(), most_architectures);
  for (const std::string& name : names) {
    std::string_view rest = name;
    for (const std::string_view prefix : {"sm_", "compute_"})
      if (rest.starts_with(prefix)) {
        rest.remove_prefix(prefix.size());
        break;
      }
    int number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    const std::string_view suffix(end, rest.data() + rest.size());
    require(rest.size() < name.size() && error == std::errc() &&
                (suffix.empty() || suffix == "a" || suffix == "f"),
            ErrorCode::invalid_argument,
            "'{}' is no architecture; expected such as sm_80, sm_90a or compute_90", name);
    require(number >= 80, ErrorCode::unsupported,
            "{}: kernels are made for sm_80 (Ampere) and newer cards", name);
  }
}

class TimedRun : public TimedKernel {
 public:
  TimedRun(const cuda::DevicePointer& device, cuda::Compiler& compiler, const Plan& plan)
      : run_(device, compiler, plan, sizes_of(plan)) {
    run_.fill_inputs();
    run_.capture();
  }
  double run() override { return run_.time_captured(); }

 private:
  static TypicalShapes sizes_of(const Plan& plan) {
    auto shapes = typical_shapes(plan, plan.root.steps[0]);
    require(shapes.has_value(), ErrorCode::unsupported, "step '{}': its sizes are unknown",
            plan.root.steps[0].name);
    return std::move(*shapes);
  }

  cuda::LoneRun run_;
};

}  // namespace

struct Target::Gpu {
  cuda::DevicePointer device;  // nullptr: kernels are for a card that is elsewhere
  std::vector<std::string> architectures;
  mutable cuda::Compiler compiler;
  // Kept open from one trial of a kernel to the next.
  std::shared_ptr<const cuda::CublasLt> cublaslt;
  std::shared_ptr<const cuda::Cudnn> cudnn;
};

Target::Target(const BuildOptions& options)
    : threads_(options.threads > 0 ? options.threads : available_threads()),
      sources_(tactic_sources(options)),
      gpu_(open_gpu(options)) {
  require(uses_device() || options.architectures.empty(), ErrorCode::invalid_argument,
          "architectures were named for the device {}; they are cuda's", options.device);
  open_libraries(options);
  if (gpu_) add_tactics(cuda::tactics());
  add_tactics(cpu::tactics());
}

void Target::add_tactics(std::span<const Tactic> list) {
  for (const Tactic& tactic : list)
    if (sources_.has(tactic.source)) tactics_.push_back(tactic);
}

void Target::open_libraries(const BuildOptions& options) {
  std::string wanted;
  for (const auto* list : {&sources_.chosen_from, &sources_.yardsticks})
    for (const std::string& source : *list)
      if (is_of_gpu(source)) wanted += fmt::format("{}{}", wanted.empty() ? "" : ", ", source);
  if (wanted.empty()) return;
  if (!gpu_) {
    require(options.device == "auto", ErrorCode::invalid_argument,
            "kernels of {} are for GPUs, and the engine is for the device {}", wanted,
            options.device);
    if (options.logger)
      options.logger(
          Severity::warning,
          fmt::format("kernels of {} are for GPUs, and the engine is for the CPU", wanted));
    return;
  }
  if (!gpu_->device) return;
  if (sources_.has(cuda::CublasLt::name)) gpu_->cublaslt = cuda::CublasLt::on(gpu_->device);
  if (sources_.has(cuda::Cudnn::name)) gpu_->cudnn = cuda::Cudnn::on(gpu_->device);
}

std::unique_ptr<Target::Gpu> Target::open_gpu(const BuildOptions& options) {
  if (options.device == "cpu") return nullptr;
  const bool automatic = options.device == "auto";
  if (automatic && !options.architectures.empty()) return nullptr;
  const int ordinal = named_devices(options.device).card;
  check_architectures(options.architectures);
  auto gpu = std::make_unique<Gpu>();
  gpu->architectures = options.architectures;
  try {
    gpu->device = cuda::Device::open(ordinal);
  } catch (const Error& error) {
    if (automatic) return nullptr;
    require(!gpu->architectures.empty(), error.code(),
            "{}. Name the architectures (--arch sm_80,sm_90) to build for a card that is elsewhere",
            error.message());
  }
  try {
    gpu->compiler.open();
  } catch (const Error& error) {
    if (!automatic) throw;
    if (options.logger)
      options.logger(Severity::warning,
                     fmt::format("{} is not used, the engine runs on the CPU alone: {}",
                                 gpu->device->name(), error.message()));
    return nullptr;
  }
  if (gpu->architectures.empty()) {
    const cuda::Card& card = gpu->device->card();
    gpu->architectures = {card.architecture(), fmt::format("compute_{}{}", card.major, card.minor)};
  }
  return gpu;
}

Target::~Target() = default;

bool Target::can_run() const { return !gpu_ || gpu_->device != nullptr; }

const std::vector<std::string>& Target::architectures() const {
  static const std::vector<std::string> none;
  return gpu_ ? gpu_->architectures : none;
}

int64_t Target::shared_bytes() const { return cuda::most_shared_bytes(architectures()); }

std::string Target::text() const {
  return gpu_ ? fmt::format("cuda --arch {}", fmt::join(gpu_->architectures, ",")) : "cpu";
}

std::string Target::name() const {
  if (!gpu_) return cpu::device_name();
  if (!gpu_->device) return fmt::format("{}, Cermet {}", text(), CERMET_VERSION_STRING);
  const cuda::Card& card = gpu_->device->card();
  return fmt::format("{}, {}, CUDA {}, Cermet {}", card.product, card.architecture(),
                     gpu_->device->driver().version(), CERMET_VERSION_STRING);
}

KernelTimer Target::timer() const {
  if (!gpu_) return cpu::step_timer();
  return [this, of_cpu = cpu::step_timer()](const Plan& plan, int threads,
                                            bool cold) -> std::unique_ptr<TimedKernel> {
    if (plan.root.steps[0].place == Place::host) return of_cpu(plan, threads, cold);
    return std::make_unique<TimedRun>(gpu_->device, gpu_->compiler, plan);
  };
}

std::function<void(const Plan&)> Target::compiler() const {
  if (!gpu_ || !gpu_->device) return {};
  return [this](const Plan& plan) {
    Plan lone = plan;
    cuda::compile_programs(lone, cuda::tactics(), {gpu_->device->card().architecture()},
                           gpu_->compiler, 1);
  };
}

std::unique_ptr<CostOracle> Target::costs(SymbolValues sizes, bool narrow) const {
  if (!gpu_) return std::make_unique<cpu::Costs>(std::move(sizes), threads_);
  return std::make_unique<cuda::Costs>(std::move(sizes), gpu_->architectures.front(), narrow);
}

std::vector<std::optional<Tensor>> Target::run_step(
    const Plan& plan, const std::vector<std::optional<Tensor>>& inputs,
    const TypicalShapes& shapes) const {
  if (plan.root.steps.at(0).place == Place::host)
    return cpu::run_step(plan, inputs, shapes, threads_);
  return cuda::run_step(gpu_->device, gpu_->compiler, plan, inputs, shapes);
}

void Target::compile(Plan& plan) const {
  if (!gpu_) return;
  cuda::compile_programs(plan, tactics_, gpu_->architectures, gpu_->compiler, available_threads());
  if (gpu_->device) cuda::record_calls(plan, gpu_->device);
}

}  // namespace cermet
