// Timing an engine as trtexec does: warm-up by time, then at least so many runs and seconds.
#pragma once

#include <memory>
#include <vector>

#include "cermet/engine.h"
#include "trtexec_options.h"

namespace cermet::tools::trtexec {

// One run, in milliseconds from the first counted run's begin.
struct Trace {
  double start_ms = 0, end_ms = 0;
  double run_ms() const { return end_ms - start_ms; }
};

struct Timing {
  std::vector<Trace> traces;  // of all streams, by their end; at least one
  size_t warm_up_runs = 0;
  double warm_up_ms = 0;
  double wall_ms = 0;  // from the first run's begin to the last one's end
};

// Runs `options.streams` contexts at once, each in a thread of its own.
Timing measure_runs(const std::shared_ptr<const Engine>& engine, const std::vector<Value>& inputs,
                    const Options& options);

struct LayerTimes {
  size_t step = 0;                   // index into EngineSummary::steps
  std::vector<double> milliseconds;  // of each run in which the step ran
};
struct Profile {
  size_t runs = 0;
  std::vector<LayerTimes> layers;  // in the order of the steps, those that ran
};

// Runs one context of its own with each step timed.
Profile measure_profile(const std::shared_ptr<const Engine>& engine,
                        const std::vector<Value>& inputs, const Options& options);

}  // namespace cermet::tools::trtexec
