// What a report shows, as JSON: docs/report.md describes it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cermet/builder.h"
#include "layer_times.h"
#include "roofline.h"

namespace cermet::tools {

struct ReportData {
  std::string file;
  EngineSummary summary;
  std::vector<TensorInfo> inputs, outputs;
  InputShapes shapes;
  ExecutionPlan plan;
  Measurement measured;
  std::vector<LayerTime> layers;
  int threads = 1;
  Roofline roofline;
  std::optional<BuildReport> build;  // where a model was built for the report
};

// `explanation` as explanation_json makes it, or null. Throws invalid_argument when it is of
// another engine.
nlohmann::json report_json(const ReportData& data, const nlohmann::json& explanation);

}  // namespace cermet::tools
