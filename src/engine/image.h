// What an engine file holds.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"

namespace cermet {

// How an engine was made, and what it needs.
struct EngineInfo {
  std::string version;                    // of Cermet when it was built
  std::string options;                    // with which it was built
  std::vector<std::string> requirements;  // libraries of others, such as "onednn 3.2"
  std::vector<std::string> cpu_features;  // such as "avx2"

  bool operator==(const EngineInfo&) const = default;
};

struct EngineImage {
  Plan plan;
  EngineInfo info;
};

}  // namespace cermet
