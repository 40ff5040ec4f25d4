// Timing an engine: several contexts at once, each in a thread of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cermet/engine.h"

namespace cermet::tools {

struct MeasureOptions {
  int threads = 1;  // of each context
  int streams = 1;
  int warmup = 10;         // runs of each stream that are not counted
  double seconds = 3;      // used when `iterations` is 0
  int64_t iterations = 0;  // of each stream
};

struct Measurement {
  std::vector<double> latencies_ms;  // of all streams, ascending
  double seconds = 0;                // from the first counted run's begin to the last one's end
  size_t peak_activation_bytes = 0;  // of one stream

  double throughput() const { return static_cast<double>(latencies_ms.size()) / seconds; }
  double mean_ms() const;
  // The smallest latency that `part` (0 to 1) of all runs do not exceed.
  double percentile_ms(double part) const;
  double median_ms() const;
};

// A stream ends at the time limit, but not before it ran three times.
Measurement measure(const std::shared_ptr<const Engine>& engine, const std::vector<Value>& inputs,
                    const MeasureOptions& options);

struct LayerTime {
  size_t step = 0;          // index into EngineSummary::steps
  double microseconds = 0;  // a run, on average; of all times that the step ran in it
  double share = 0;         // of the sum of all steps
};

// Runs one context for a while with each step timed; in the order of the steps, those that ran.
std::vector<LayerTime> measure_layers(const std::shared_ptr<const Engine>& engine,
                                      const std::vector<Value>& inputs,
                                      const MeasureOptions& options);

}  // namespace cermet::tools
