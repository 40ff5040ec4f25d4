// Runs of an engine as a timeline in Chrome's trace event format, which Perfetto shows.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "trace_runs.h"

namespace cermet::tools {

// Each stream is a track; a run is a span, its steps are spans within it. docs/command.md lists
// what an event holds.
nlohmann::json trace_json(const std::string& file, const EngineSummary& summary,
                          const std::vector<StreamTrace>& streams);

}  // namespace cermet::tools
