// An engine from a file that is one, or from a model that is built in memory first.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cermet/builder.h"

namespace cermet::tools {

struct EngineSourceOptions {
  int threads = 0;
  std::string shapes = {};      // for which a model is built, as parse_shapes takes them; or empty
  std::string device = "auto";  // for which a model is built, and that an engine is for
  double tuning_budget = 0;     // seconds, for models
  std::string timing_cache = {};  // for models; empty: none
  std::vector<std::string> plugins = {};
  bool verbose = false;
};

// `report` is filled where a model is built. Throws invalid_argument for an engine that runs on
// another kind of processor.
std::shared_ptr<const Engine> open_engine(const std::string& file,
                                          const EngineSourceOptions& options,
                                          BuildReport* report = nullptr);

}  // namespace cermet::tools
