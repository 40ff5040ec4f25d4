// Operators of plugins on the road from a model to an engine.
#pragma once

#include "import/onnx/importer.h"
#include "plan/plan.h"
#include "runtime/plugins.h"

namespace cermet {

// What the importer asks about operators that Cermet does not have. Nodes keep pointers into
// `plugins`, which has to outlive the graph.
decltype(onnx::ImportOptions::claims) claims_of(const Plugins& plugins);

// Adds the plugins whose operators the plan uses to what its engine requires, each once.
void require_plugins(const Plan& plan, const Plugins& plugins,
                     std::vector<std::string>& requirements);

}  // namespace cermet
