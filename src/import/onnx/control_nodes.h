// What the importers of control flow share.
#pragma once

#include <string_view>
#include <vector>

#include "ops/graph_builder.h"

namespace cermet::onnx {

// Adds a control-flow node whose name and origin are the builder's.
std::vector<ValueId> add_control(GraphBuilder& builder, std::string_view op,
                                 std::vector<ValueId> inputs, std::vector<Graph> bodies,
                                 Attributes attributes, size_t outputs);

Attributes with_captured(Attributes attributes, size_t captured);

// Throws invalid_model when a body gives another number of values.
void require_results(const Graph& body, size_t expected, std::string_view op);

}  // namespace cermet::onnx
