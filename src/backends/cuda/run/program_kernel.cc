#include "backends/cuda/run/program_kernel.h"

#include <array>

#include "base/error.h"

namespace cermet::cuda {
namespace {

constexpr int64_t widest_grid_x = 2147483647, widest_grid_yz = 65535;
constexpr int64_t most_shared_bytes = 1 << 20;  // more than any card has
constexpr uintptr_t pointer_alignment = 16;     // that kernels count on

const KernelImage& best_image(const DeviceModule& module, const Device& device) {
  const KernelImage* best = nullptr;
  int fit = 0;
  std::string has;
  for (const KernelImage& image : module.images) {
    has += fmt::format("{}{}", has.empty() ? "" : ", ", image.architecture);
    const int of_image = fitness(image.architecture, device.card());
    if (of_image <= fit) continue;
    fit = of_image;
    best = &image;
  }
  require(best != nullptr, ErrorCode::device,
          "the engine has kernels for {}, none for {}. Build it with --arch {}", has, device.name(),
          device.card().architecture());
  return *best;
}

struct BoundLaunch {
  CUfunction function = nullptr;
  CUlaunchConfig config{};
  const Launch* launch = nullptr;
  std::vector<int64_t> values;  // by argument
  CUlaunchAttribute overlap{};
  bool overlaps = false;
};

void add_sizes(SymbolValues& symbols, bool output, std::span<const std::optional<Shape>> operands) {
  for (size_t i = 0; i < operands.size(); ++i)
    for (size_t d = 0; operands[i] && d < operands[i]->size(); ++d)
      symbols[*operand_size(output, i, d).as_symbol()] = (*operands[i])[d];
}

class BoundProgram : public BoundKernel {
 public:
  BoundProgram(const LoadedModules* modules, const DeviceProgram& program,
               const BindContext& context)
      : device_(modules != nullptr ? &modules->device() : nullptr) {
    SymbolValues symbols;
    add_sizes(symbols, false, context.inputs);
    add_sizes(symbols, true, context.outputs);
    const int64_t workspace = program.workspace_bytes.evaluate(symbols);
    require(workspace >= 0, ErrorCode::out_of_range, "a kernel would have a workspace of {} bytes",
            workspace);
    workspace_bytes_ = static_cast<size_t>(workspace);
    if (modules == nullptr) return;
    size_t most = 0;
    for (const Launch& launch : program.launches) {
      if (auto bound = bind(*modules, launch, symbols)) launches_.push_back(std::move(*bound));
      most = std::max(most, launch.arguments.size());
    }
    arguments_.resize(most);
    pointers_.resize(most);
    for (size_t i = 0; i < most; ++i) pointers_[i] = &arguments_[i];
  }

  size_t workspace_bytes() const override { return workspace_bytes_; }

  void run(const Call& call) override {
    require(device_ != nullptr, ErrorCode::device, "there is no GPU to run the kernel");
    for (BoundLaunch& bound : launches_) {
      for (size_t i = 0; i < bound.values.size(); ++i)
        arguments_[i] = argument(bound.launch->arguments[i], bound.values[i], call);
      bound.config.hStream = static_cast<CUstream>(call.stream);
      bound.config.attrs = &bound.overlap;
      bound.config.numAttrs = bound.overlaps ? 1 : 0;
      device_->check(device_->driver().cuLaunchKernelEx(&bound.config, bound.function,
                                                        pointers_.data(), nullptr),
                     "launching a kernel");
    }
  }

 private:
  static std::optional<BoundLaunch> bind(const LoadedModules& modules, const Launch& launch,
                                         const SymbolValues& symbols) {
    BoundLaunch bound;
    std::array<int64_t, 3> grid{};
    for (size_t axis = 0; axis < 3; ++axis) {
      grid[axis] = launch.grid[axis].evaluate(symbols);
      if (grid[axis] <= 0) return std::nullopt;
      const int64_t most = axis == 0 ? widest_grid_x : widest_grid_yz;
      require(grid[axis] <= most, ErrorCode::out_of_range,
              "a kernel would have {} blocks along axis {}, at most {} are possible", grid[axis],
              axis, most);
    }
    const int64_t shared = launch.shared_bytes.evaluate(symbols);
    require(shared >= 0 && shared <= most_shared_bytes, ErrorCode::out_of_range,
            "a kernel would have {} bytes of shared memory", shared);
    bound.function = modules.function(launch.module, launch.function, shared);
    bound.launch = &launch;
    // Its blocks may be there before the kernel in front of it has ended: each waits for that
    // before it reads anything.
    bound.overlap.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
    bound.overlap.value.programmaticStreamSerializationAllowed = 1;
    bound.overlaps = modules.device().card().major >= 9;
    bound.config = {static_cast<unsigned>(grid[0]),
                    static_cast<unsigned>(grid[1]),
                    static_cast<unsigned>(grid[2]),
                    static_cast<unsigned>(launch.block[0]),
                    static_cast<unsigned>(launch.block[1]),
                    static_cast<unsigned>(launch.block[2]),
                    static_cast<unsigned>(shared),
                    nullptr,
                    nullptr,
                    0};
    for (const LaunchArgument& argument : launch.arguments)
      bound.values.push_back(argument.value.evaluate(symbols));
    return bound;
  }

  // An absent operand is a null pointer; an empty one may point anywhere.
  static int64_t argument(const LaunchArgument& what, int64_t value, const Call& call) {
    const void* base = nullptr;
    switch (what.kind) {
      case LaunchArgument::Kind::size:
        return value;
      case LaunchArgument::Kind::input:
        base = call.inputs[what.index];
        break;
      case LaunchArgument::Kind::output:
        base = call.outputs[what.index];
        break;
      case LaunchArgument::Kind::workspace:
        base = call.workspace;
        break;
    }
    const auto address = reinterpret_cast<uintptr_t>(base);
    require(address % pointer_alignment == 0, ErrorCode::internal,
            "operand {} lies at {:#x}, which is not aligned to {} bytes", what.index, address,
            pointer_alignment);
    return static_cast<int64_t>(address) + (base == nullptr ? 0 : value);
  }

  const Device* device_;
  std::vector<BoundLaunch> launches_;
  size_t workspace_bytes_ = 0;
  std::vector<int64_t> arguments_;  // of the launch under way
  std::vector<void*> pointers_;
};

class ProgramKernel : public Kernel {
 public:
  ProgramKernel(const LoadedModules* modules, const DeviceProgram& program)
      : modules_(modules), program_(program) {}
  std::unique_ptr<BoundKernel> bind(const BindContext& context) const override {
    std::optional<UsedDevice> used;
    if (modules_ != nullptr) used.emplace(modules_->device());
    return std::make_unique<BoundProgram>(modules_, program_, context);
  }

 private:
  const LoadedModules* modules_;
  const DeviceProgram& program_;
};

}  // namespace

LoadedModules::LoadedModules(DevicePointer device, const Plan& plan) : device_(std::move(device)) {
  const UsedDevice used(*device_);
  for (const DeviceModule& module : plan.modules) {
    const KernelImage& image = best_image(module, *device_);
    CUmodule loaded = nullptr;
    device_->check(device_->driver().cuModuleLoadData(&loaded, image.bytes.data()),
                   "loading a kernel");
    modules_.emplace_back(device_, loaded);
  }
}

CUfunction LoadedModules::function(int32_t module, const std::string& name,
                                   int64_t shared_bytes) const {
  constexpr int64_t without_asking = 48 << 10;
  CUfunction function = nullptr;
  device_->check(device_->driver().cuModuleGetFunction(
                     &function, modules_.at(static_cast<size_t>(module)).get(), name.c_str()),
                 "looking up a kernel");
  if (shared_bytes > without_asking)
    device_->check(device_->driver().cuFuncSetAttribute(
                       function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                       static_cast<int>(shared_bytes)),
                   "asking for shared memory");
  return function;
}

std::unique_ptr<Kernel> make_program_kernel(const LoadedModules* modules, const Step& step) {
  return std::make_unique<ProgramKernel>(modules, step.program);
}

}  // namespace cermet::cuda
