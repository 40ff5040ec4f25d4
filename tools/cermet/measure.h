// Timing an engine: several contexts at once, each in a thread of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cermet/engine.h"
#include "common/thread_options.h"

namespace cermet::tools {

struct MeasureOptions {
  ThreadOptions team{.threads = 1};  // of each context
  int streams = 1;
  int gpu = 0;  // of an engine that uses one
  // Inputs and outputs stay in the GPU's memory; runs are timed by its clock too.
  bool device_memory = false;
  // Runs of each stream that are not counted: at least so many, and for at least so long.
  int64_t warm_up_runs = 10;
  double warm_up_ms = 0;
  // Runs that are counted: at least so many of each stream, and for at least so long.
  int64_t runs = 3;
  double seconds = 3;
  double sleep_ms = 0;  // between warming up and the first counted run
  double idle_ms = 0;   // between two runs
};

// One run, in milliseconds from the first counted run's begin.
struct Run {
  double start_ms = 0, end_ms = 0;
  double milliseconds() const { return end_ms - start_ms; }
};

struct Measurement {
  std::vector<Run> runs;  // of all streams, by their end; at least one
  int64_t warm_up_runs = 0;
  double warm_up_ms = 0;             // of the stream that took longest
  size_t peak_activation_bytes = 0;  // of one stream
  std::vector<double> gpu_ms;        // of the runs that a GPU's clock timed, in no order

  // From the first run's begin to the last one's end.
  double wall_ms() const { return runs.back().end_ms; }
  double runs_a_second() const { return 1000 * static_cast<double>(runs.size()) / wall_ms(); }
};
Measurement measure(const std::shared_ptr<const Engine>& engine, const std::vector<Value>& inputs,
                    const MeasureOptions& options);

// Of a new context: its making and its first run, in which it plans memory and binds kernels.
double first_run_ms(const std::shared_ptr<const Engine>& engine, const std::vector<Value>& inputs,
                    const ThreadOptions& team);

// The times of one step.
struct LayerTimes {
  size_t step = 0;                   // index into EngineSummary::steps
  std::vector<double> milliseconds;  // of each run in which it ran; repeats in a loop are summed

  double sum_ms() const;
};
struct LayerMeasurement {
  int64_t runs = 0;
  std::vector<LayerTimes> layers;  // in the order of the steps, those that ran

  double sum_ms() const;  // of all layers and runs
};
// Runs one context with each step timed: at least options.runs times and for options.seconds, but
// at most `most_runs` times.
LayerMeasurement measure_layers(const std::shared_ptr<const Engine>& engine,
                                const std::vector<Value>& inputs, const MeasureOptions& options,
                                int64_t most_runs = INT64_MAX);

// What a set of times has in common.
class Spread {
 public:
  explicit Spread(std::vector<double> values);  // at least one
  static Spread of(const std::vector<Run>& runs);

  double min() const { return sorted_.front(); }
  double max() const { return sorted_.back(); }
  double mean() const;
  double median() const;
  // The smallest value that so many percent (0 to 100) of all do not exceed.
  double percentile(double percent) const;

 private:
  std::vector<double> sorted_;
};

}  // namespace cermet::tools
