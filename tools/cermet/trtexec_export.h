// The JSON files of trtexec.
#pragma once

#include <string>

#include "measure.h"

namespace cermet::tools::trtexec {

// A list with one object a run; times in milliseconds, under the names of old and new trtexec.
std::string times_json(const Measurement& measured);
// [{"count": RUNS}, {"name", "timeMs", "averageMs", "medianMs", "percentage"}, ...]
std::string profile_json(const LayerMeasurement& profile, const EngineSummary& summary);
// [{"name", "dimensions", "values"}, ...]; null for infinite values and those that are no numbers.
// Throws unsupported for outputs that are no tensors of numbers.
std::string outputs_json(const Engine& engine, const ExecutionContext& context);
// {"Layers": [...], "Bindings": [...]}
std::string layers_json(const Engine& engine);

}  // namespace cermet::tools::trtexec
