// An engine from a file that is one, or from a model that is built in memory first.
#pragma once

#include <memory>
#include <string>

#include "cermet/builder.h"

namespace cermet::tools {

struct EngineSourceOptions {
  int threads = 0;
  double tuning_budget = 0;  // seconds, for models
  bool verbose = false;
};

std::shared_ptr<const Engine> open_engine(const std::string& file,
                                          const EngineSourceOptions& options);

}  // namespace cermet::tools
