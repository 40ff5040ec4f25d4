// Runs of an engine with the begin and the time of each step.
#pragma once

#include "measure.h"

namespace cermet::tools {

struct RunTrace {
  double begin_us = 0;  // after the first stream's first run began
  double microseconds = 0;
  std::vector<StepTime> steps;  // `begin` counts from begin_us
};
struct StreamTrace {
  std::vector<RunTrace> runs;
};

// Runs all streams at once, `runs` times each after the warm-up, with each step timed.
std::vector<StreamTrace> trace_runs(const std::shared_ptr<const Engine>& engine,
                                    const std::vector<Value>& inputs, const MeasureOptions& options,
                                    int runs);

}  // namespace cermet::tools
