#include "cermet/tune.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "backends/cuda/run/device.h"
#include "base/error.h"
#include "base/file.h"
#include "builder/build_engine.h"
#include "builder/stored_model.h"
#include "builder/target.h"
#include "cermet/devices.h"
#include "engine/reader.h"
#include "runtime/plugins.h"

namespace cermet {
namespace {

// Open from here on, so that no build goes on as one for a card that is elsewhere.
cuda::DevicePointer open_card(const std::string& device) {
  try {
    const NamedDevices named = named_devices(device.empty() ? "cuda" : device);
    require(named.gpu && !named.cpu, ErrorCode::invalid_argument,
            "the engine is for a GPU; expected the device cuda or cuda:N to tune it on, got '{}'",
            device);
    return cuda::Device::open(named.card);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::invalid_argument) throw;
    fail(error.code(),
         "the engine is for a GPU, and tuning measures its kernels on one: {}. Tune it on a "
         "machine that has the card and its driver",
         error.message());
  }
}

// The one that the card runs best comes first: kernels are chosen for it.
std::vector<std::string> for_card(std::vector<std::string> architectures, bool named,
                                  const cuda::Device& device) {
  if (architectures.empty()) return architectures;
  const auto fits = [&](const std::string& name) { return cuda::fitness(name, device.card()); };
  const auto best = std::max_element(
      architectures.begin(), architectures.end(),
      [&](const std::string& a, const std::string& b) { return fits(a) < fits(b); });
  require(fits(*best) > 0, ErrorCode::device,
          "{} has kernels for {}, none of which runs on {}, so that they can't be measured here. "
          "{} --arch {}",
          named ? "an engine of these architectures" : "the engine", fmt::join(architectures, ", "),
          device.name(), named ? "Add" : "To have an engine for this card instead, tune it with",
          device.card().architecture());
  std::rotate(architectures.begin(), best, best + 1);
  return architectures;
}

void aim_at_card(BuildOptions& build, const TuneOptions& options) {
  const cuda::DevicePointer device = open_card(options.device);
  const bool named = !options.architectures.empty();
  build.architectures =
      for_card(named ? options.architectures : build.architectures, named, *device);
  const std::string card = fmt::format("cuda:{}", device->ordinal());
  build.device = build.device == "cuda,cpu" ? card + ",cpu" : card;
}

BuildOptions build_options(BuildOptions build, const TuneOptions& options) {
  const bool for_cpu = build.device == "cpu";
  require(for_cpu || build.device == "cuda" || build.device == "cuda,cpu",
          ErrorCode::invalid_engine, "model: device: expected cpu, cuda or cuda,cpu, got '{}'",
          build.device);
  require(
      !for_cpu ||
          (options.architectures.empty() && (options.device.empty() || options.device == "cpu")),
      ErrorCode::invalid_argument,
      "the engine is for the CPU; build the model with --device cuda for one that is for a GPU");
  if (!for_cpu) aim_at_card(build, options);
  if (options.threads > 0) build.threads = options.threads;
  build.tuning_budget = options.tuning_budget;
  build.timing_cache = options.timing_cache;
  build.frozen = options.frozen;
  build.validate = options.validate;
  build.model = options.keep_model ? ModelStorage::kept : ModelStorage::left_out;
  build.plugins = options.plugins;
  build.logger = options.logger;
  build.progress = options.progress;
  return build;
}

// What callers count on: sizes that follow from data have other names in another build.
std::string type_text(ValueType type) {
  if (!type.has_rank()) return type.to_string();
  for (Dim& dim : *type.dims) {
    std::set<std::string> symbols;
    dim.collect_data_symbols(symbols);
    if (!symbols.empty()) dim = Dim::symbol("any");
  }
  return type.to_string();
}

std::string side_text(const Plan& plan, const std::vector<BufferId>& ids,
                      const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < ids.size(); ++i)
    text +=
        fmt::format("{}'{}' {}", i == 0 ? "" : ", ", names[i], type_text(plan.outer_type(ids[i])));
  return text;
}

// Programs that ran the old engine run the new one.
void check_same_interface(const Plan& old, const Plan& now) {
  for (const bool outputs : {false, true}) {
    const auto text = [&](const Plan& plan) {
      return outputs ? side_text(plan, plan.root.outputs, plan.output_names)
                     : side_text(plan, plan.root.inputs, plan.input_names);
    };
    require(text(old) == text(now), ErrorCode::internal,
            "the tuned engine would have the {} {}; the engine has {}",
            outputs ? "outputs" : "inputs", text(now), text(old));
  }
}

std::vector<std::byte> tune(const EngineImage& old, const std::string& name,
                            const TuneOptions& options, BuildReport* report) {
  require(!old.model.empty(), ErrorCode::invalid_argument,
          "the engine holds no model from which it could be tuned. Build it with --keep-model, or "
          "build it again on this machine");
  Plugins(options.plugins, {}).check(old.info.requirements);
  const ModelRecord record = stored_model(old);
  const BuildOptions build = build_options(record.options, options);
  BuildReport own;
  const EngineImage now =
      build_whole(name, [&] { return record.model; }, build, report ? *report : own);
  check_same_interface(old.plan, now.plan);
  std::vector<std::byte> bytes = bytes_of_built(now, build);
  if (options.progress) options.progress("done", 1);
  return bytes;
}

// What would spoil the writing is told before the work is done.
void check_replaceable(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  require(may_write_into(folder.string()), ErrorCode::io,
          "{}: files can't be made in its folder {}, so that it can't be replaced; make the folder "
          "writable, or tune a copy",
          path, folder.string());
}

}  // namespace

std::vector<std::byte> tune_engine(std::span<const std::byte> engine, const TuneOptions& options,
                                   BuildReport* report) {
  return tune(read_engine(engine, {.verify_model = true}), "the engine's model", options, report);
}

void tune_engine_file(const std::string& path, const TuneOptions& options, BuildReport* report) {
  auto file = std::make_shared<MappedFile>(path);
  std::error_code ignored;
  std::string target = std::filesystem::canonical(path, ignored).string();  // not a link to it
  if (target.empty()) target = path;
  std::vector<std::byte> bytes =
      with_context([&] { return path; },
                   [&] {
                     const EngineImage old = read_engine(std::move(file), {.verify_model = true});
                     check_replaceable(target);
                     return tune(old, "its model", options, report);
                   });
  const std::span<const std::byte> piece(bytes);
  write_file_atomically(target, std::span(&piece, 1));
}

}  // namespace cermet
