// The search behind bisect_model, for any passes and tactics.
#pragma once

#include <functional>
#include <memory>
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
  // The engine of a build that cuts its batch; nullptr where it does not. Empty: none is looked at.
  std::function<std::shared_ptr<const Engine>()> in_slices = {};
};

BisectReport bisect(const Graph& imported, const BisectRoad& road, const BisectOptions& options);

}  // namespace cermet
