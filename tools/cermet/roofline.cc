#include "roofline.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "common/errors.h"

namespace cermet::tools {
namespace {

// The card in "cuda:0 (NVIDIA H200, sm_90)".
DeviceInfo card_of(const std::string& runs_on) {
  const std::string name = runs_on.substr(0, runs_on.find(' '));
  for (const DeviceInfo& device : list_devices().devices)
    if (device.name == name) return device;
  fail(ErrorCode::device, "the engine runs on {}, which is no longer there", runs_on);
}

struct TensorCores {
  ElementType factors;
  std::string_view name;
};
constexpr std::array tensor_cores{
    TensorCores{ElementType::float16, "16-bit floats"},
    TensorCores{ElementType::bfloat16, "16-bit floats"},
    TensorCores{ElementType::int8, "int8"},
    TensorCores{ElementType::uint8, "int8"},
    TensorCores{ElementType::float8e4m3fn, "float8"},
    TensorCores{ElementType::float8e4m3fnuz, "float8"},
    TensorCores{ElementType::float8e5m2, "float8"},
    TensorCores{ElementType::float8e5m2fnuz, "float8"},
};

std::string roof_name(const PlannedStep& planned, bool allow_tf32) {
  if (!planned.multiplies) return "float32";
  if (planned.arithmetic == ElementType::float32)
    return allow_tf32 ? "TF32 on tensor cores" : "float32";
  const auto found =
      std::find_if(tensor_cores.begin(), tensor_cores.end(),
                   [&](const TensorCores& row) { return row.factors == planned.arithmetic; });
  return found == tensor_cores.end() ? std::string(name(planned.arithmetic))
                                     : fmt::format("{} on tensor cores", found->name);
}

std::string basis_of(const DeviceInfo& card) {
  return fmt::format(
      "computed from {} multiprocessors at {} MHz and memory at {} MHz on {} bits, its highest "
      "clocks",
      card.cores, card.clock_mhz, card.memory_clock_mhz, card.memory_bus_bits);
}

}  // namespace

bool uses_gpu(const EngineSummary& summary) {
  return std::any_of(summary.steps.begin(), summary.steps.end(),
                     [](const StepInfo& step) { return step.place == "device"; });
}

bool is_untuned(const EngineSummary& summary) {
  return summary.options.find("(untuned)") != std::string::npos;
}

Roofline Roofline::of_processor(MachinePeak given, int threads) {
  Roofline made;
  made.machine_ = list_devices().devices.front().product;  // the CPU
  made.peak_ = machine_peak(given, threads);
  made.basis_ = made.peak_.is_measured ? "measured on this machine" : "as given";
  return made;
}

Roofline Roofline::of_gpu(const EngineSummary& summary, MachinePeak given) {
  const DeviceInfo card = card_of(summary.runs_on);
  Roofline made;
  made.is_gpu_ = true;
  made.allow_tf32_ = summary.options.find("--tf32") != std::string::npos;
  made.machine_ = summary.runs_on;
  made.cache_bytes_ = card.l2_bytes;
  made.peaks_ = card.peaks.value_or(DevicePeaks{});
  made.peak_ = given;
  if (given.gigabytes <= 0) made.peak_.gigabytes = made.peaks_.bytes;
  require(given.gflops > 0 || made.peaks_.float32 > 0, ErrorCode::unsupported,
          "{}: nothing is known of what {} computes at most; give it by --peak-gflops",
          summary.runs_on, card.architecture);
  require(made.peak_.gigabytes > 0, ErrorCode::unsupported,
          "{}: the driver does not tell the clock and the width of the memory; give its bandwidth "
          "by --peak-gigabytes",
          summary.runs_on);
  made.basis_ = basis_of(card);
  if (given.gflops > 0) made.basis_ += "; operations as given";
  if (given.gigabytes > 0) made.basis_ += "; bytes as given";
  return made;
}

Roofline Roofline::of_engine(const EngineSummary& summary, MachinePeak given, int threads) {
  return uses_gpu(summary) ? of_gpu(summary, given) : of_processor(given, threads);
}

bool Roofline::has_roof(const StepInfo& step) const {
  return !is_gpu_ || (step.place == "device" && step.kind != "copy");
}

std::optional<Roof> Roofline::roof_of(const StepInfo& step, const PlannedStep& planned) const {
  if (!has_roof(step) || planned.operations.value_or(0) <= 0) return std::nullopt;
  if (!is_gpu_) return Roof{"", peak_.gflops};
  if (peak_.gflops > 0) return Roof{"given", peak_.gflops};
  const double gflops = planned.multiplies ? peaks_.products_of(planned.arithmetic, allow_tf32_)
                                           : peaks_.arithmetic_of(planned.arithmetic);
  if (gflops <= 0) return std::nullopt;
  return Roof{roof_name(planned, allow_tf32_), gflops};
}

std::vector<Roof> Roofline::roofs_of(const EngineSummary& summary,
                                     const ExecutionPlan& plan) const {
  if (!is_gpu_) return {Roof{"", peak_.gflops}};
  std::vector<Roof> roofs;
  for (size_t i = 0; i < summary.steps.size(); ++i)
    if (const auto roof = roof_of(summary.steps[i], plan.steps[i]))
      if (std::find(roofs.begin(), roofs.end(), *roof) == roofs.end()) roofs.push_back(*roof);
  std::stable_sort(roofs.begin(), roofs.end(),
                   [](const Roof& a, const Roof& b) { return a.gflops > b.gflops; });
  return roofs;
}

std::optional<double> Roofline::least_us(const StepInfo& step, const PlannedStep& planned) const {
  if (!has_roof(step) || planned.repeats || !planned.operations || !planned.bytes)
    return std::nullopt;
  const double memory = *planned.bytes / gigabytes();
  if (*planned.operations <= 0) return memory / 1000;
  const std::optional<Roof> roof = roof_of(step, planned);
  if (!roof) return std::nullopt;
  return std::max(memory, *planned.operations / roof->gflops) / 1000;
}

}  // namespace cermet::tools
