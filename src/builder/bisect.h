// The search behind bisect_model, for any passes and tactics.
#pragma once

#include <span>

#include "cermet/bisect.h"
#include "ir/graph.h"
#include "passes/pass.h"
#include "runtime/plugins.h"
#include "tactics/tactic.h"

namespace cermet {

struct BisectRoad {
  std::span<const Pass> passes;
  std::span<const Tactic> tactics;  // the last is the reference
  const Plugins& plugins;
};

BisectReport bisect(const Graph& imported, const BisectRoad& road, const BisectOptions& options);

}  // namespace cermet
