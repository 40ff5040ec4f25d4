#include "builder/build_engine.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/thread_team.h"
#include "builder/stored_model.h"
#include "builder/tactic_sources.h"
#include "cermet/builder.h"
#include "cermet/devices.h"
#include "engine/writer.h"
#include "runtime/shape_plan.h"

namespace cermet {
namespace {

// Nothing where the options name one device.
std::optional<std::string> gpu_of_two(const std::string& device) {
  const NamedDevices named = named_devices(device);
  if (!named.cpu || !named.gpu || device == "auto") return std::nullopt;
  return device.substr(0, device.find(','));
}

// Shows a part of the whole, from `begin` on.
BuildOptions within(BuildOptions options, double begin, double share) {
  if (options.progress)
    options.progress = [show = std::move(options.progress), begin, share](std::string_view stage,
                                                                          double done) {
      show(stage, begin + share * done);
    };
  return options;
}

BuildOptions for_cpu(BuildOptions options) {
  options.device = "cpu";
  leave_out_gpu_sources(options);
  options.architectures.clear();
  options.fallback = true;
  options.tf32 = false;
  if (options.precision != Precision::float32)
    log_info(options.logger, "the plan for the CPU computes in float32, which is faster there");
  options.precision = Precision::float32;
  return options;
}

// The time for measuring is shared out, unless the GPU's kernels are not measured here.
BuiltImage build_two(const std::string& name, const ReadModel& read, const std::string& gpu,
                     const BuildOptions& options, BuildReport& report) {
  BuildOptions first = within(options, 0, 0.5);
  first.device = gpu;
  first.tuning_budget /= 2;
  BuiltImage built = build_image(name, read, first, report);
  if (!built.image.plan.uses_device()) return built;  // it is one for the CPU
  BuildOptions second = within(for_cpu(options), 0.5, 0.5);
  if (built.tuned) second.tuning_budget /= 2;
  BuildReport of_cpu;
  of_cpu.keep_text = report.keep_text;
  of_cpu.keep_near_fusions = report.keep_near_fusions;
  built.image.on_cpu = std::make_shared<EngineImage>(build_image(name, read, second, of_cpu).image);
  report.on_cpu.push_back(std::move(of_cpu));
  return built;
}

// The largest shapes that the profiles allow, by input.
InputShapes largest_shapes(const Plan& plan) {
  InputShapes shapes;
  for (const Profile& profile : plan.profiles)
    for (const ProfileInput& input : profile.inputs) {
      Shape& most = shapes[input.name];
      if (most.empty()) most = input.max;
      for (size_t d = 0; d < most.size(); ++d) most[d] = std::max(most[d], input.max[d]);
    }
  return shapes;
}

void check_memory(const std::vector<std::byte>& bytes, const BuildOptions& options,
                  PlanChoice plan) {
  const auto engine = Engine::from_memory(bytes, {.plugins = options.plugins, .plan = plan});
  const int threads = options.threads > 0 ? options.threads : available_threads();
  const MemoryUse use =
      largest_memory_use(engine->impl(), largest_shapes(engine->impl().plan()), threads);
  require(use.bytes <= options.memory_limit, ErrorCode::out_of_memory,
          "activations take {} bytes at the largest shapes, the limit is {}. Most is in use at "
          "step '{}': {} bytes. Raise the limit or lower the profile's max shapes",
          use.bytes, options.memory_limit, use.step, use.step_bytes);
}

std::vector<std::byte> build(const std::string& name, const ReadModel& read,
                             const BuildOptions& options, BuildReport* report) {
  BuildReport own;
  const EngineImage image = build_whole(name, read, options, report ? *report : own);
  std::vector<std::byte> bytes = bytes_of_built(image, options);
  if (options.progress) options.progress("done", 1);
  return bytes;
}

// What would spoil the writing is told before the work is done.
void check_engine_path(const std::string& model_path, const std::string& engine_path) {
  std::error_code ignored;
  require(!std::filesystem::equivalent(model_path, engine_path, ignored),
          ErrorCode::invalid_argument, "the engine would overwrite the model {}", model_path);
  const std::filesystem::path folder = std::filesystem::path(engine_path).parent_path();
  require(folder.empty() || std::filesystem::is_directory(folder, ignored), ErrorCode::io,
          "{}: there is no folder {}", engine_path, folder.string());
}

}  // namespace

EngineImage build_whole(const std::string& name, const ReadModel& read, const BuildOptions& options,
                        BuildReport& report) {
  const std::optional<std::string> gpu = gpu_of_two(options.device);
  BuiltImage built =
      gpu ? build_two(name, read, *gpu, options, report) : build_image(name, read, options, report);
  const bool keeps = options.model == ModelStorage::kept ||
                     (options.model == ModelStorage::automatic && !built.tuned);
  if (!keeps) return std::move(built.image);
  BuildOptions kept = options;
  if (!built.for_gpu) leave_out_gpu_sources(kept);
  kept.device = !built.for_gpu ? "cpu" : gpu ? "cuda,cpu" : "cuda";
  built.image.model = store_model(read(), kept, built.image);
  report.model_bytes = built.image.model.bytes();
  return std::move(built.image);
}

std::vector<std::byte> bytes_of_built(const EngineImage& image, const BuildOptions& options) {
  std::vector<std::byte> bytes = engine_bytes(image);
  if (options.memory_limit == 0) return bytes;
  check_memory(bytes, options, PlanChoice::gpu);
  if (image.on_cpu) check_memory(bytes, options, PlanChoice::cpu);
  return bytes;
}

std::vector<std::byte> build_engine(const std::string& model_path, const BuildOptions& options,
                                    BuildReport* report) {
  return build(model_path, [&] { return onnx::read_model_file(model_path); }, options, report);
}

std::vector<std::byte> build_engine(std::span<const std::byte> model, const std::string& folder,
                                    const BuildOptions& options, BuildReport* report) {
  const std::string_view bytes(reinterpret_cast<const char*>(model.data()), model.size());
  return build(
      "the model in memory", [&] { return onnx::read_model(bytes, folder); }, options, report);
}

void build_engine_file(const std::string& model_path, const std::string& engine_path,
                       const BuildOptions& options, BuildReport* report) {
  check_engine_path(model_path, engine_path);
  const std::vector<std::byte> bytes = build_engine(model_path, options, report);
  const std::span<const std::byte> piece(bytes);
  write_file_atomically(engine_path, std::span(&piece, 1));
}

}  // namespace cermet
