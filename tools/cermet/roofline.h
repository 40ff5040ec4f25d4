// The roofs under which the steps of an engine lie: of the processor or of the GPU that runs it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cermet/devices.h"
#include "cermet/engine.h"
#include "machine_peak.h"

namespace cermet::tools {

// How fast the arithmetic of a step can be.
struct Roof {
  std::string name;   // "float16 on tensor cores"; empty on the CPU
  double gflops = 0;  // 10^9 operations a second

  bool operator==(const Roof&) const = default;
};

class Roofline {
 public:
  // Of the CPU with so many threads. Measures what is 0 in `given`.
  static Roofline of_processor(MachinePeak given, int threads);
  // Of the GPU that the engine runs on, by its clocks and units. What is not 0 in `given` stands
  // for all kinds of arithmetic. Throws unsupported where neither tells a peak.
  static Roofline of_gpu(const EngineSummary& summary, MachinePeak given);
  // One of both. An engine whose steps are the CPU's or the GPU's has the GPU's.
  static Roofline of_engine(const EngineSummary& summary, MachinePeak given, int threads);

  bool is_gpu() const { return is_gpu_; }
  const std::string& machine() const { return machine_; }  // "cuda:0 (NVIDIA H200, sm_90a)"
  const std::string& basis() const { return basis_; }      // what the roofs come from
  bool is_measured() const { return peak_.is_measured; }
  double gigabytes() const { return peak_.gigabytes; }
  size_t cache_bytes() const { return cache_bytes_; }  // of a GPU's L2; 0: not known

  // Nothing where the step computes nothing or no rate is known of what it computes, and for steps
  // of the CPU and copies beside those of a GPU.
  std::optional<Roof> roof_of(const StepInfo& step, const PlannedStep& planned) const;
  // The different ones of an engine's steps, the highest first; the CPU's whatever the steps are.
  std::vector<Roof> roofs_of(const EngineSummary& summary, const ExecutionPlan& plan) const;
  // Microseconds of a run that arithmetic and memory allow at least; nothing where one of them is
  // not known, or how often the step repeats.
  std::optional<double> least_us(const StepInfo& step, const PlannedStep& planned) const;

 private:
  bool has_roof(const StepInfo& step) const;

  bool is_gpu_ = false, allow_tf32_ = false;
  MachinePeak peak_;   // of the CPU, or as given
  DevicePeaks peaks_;  // of the GPU
  std::string machine_, basis_;
  size_t cache_bytes_ = 0;
};

// Whether a step runs on a GPU.
bool uses_gpu(const EngineSummary& summary);
// Whether kernels were chosen by estimates because the card was not there.
bool is_untuned(const EngineSummary& summary);

}  // namespace cermet::tools
