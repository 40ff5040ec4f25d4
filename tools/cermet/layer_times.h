// Median times of an engine's steps: a run that another program interrupts does not spoil them.
#pragma once

#include "measure.h"

namespace cermet::tools {

// A step of the engine: the median of the runs in which it ran, and its part of the sum of all
// steps.
struct LayerTime {
  size_t step = 0;  // index into EngineSummary::steps
  double microseconds = 0, share = 0;
};

// In the order of the steps, those that ran; takes about two seconds, whatever `options` say.
std::vector<LayerTime> layer_times(const std::shared_ptr<const Engine>& engine,
                                   const std::vector<Value>& inputs, MeasureOptions options);

}  // namespace cermet::tools
