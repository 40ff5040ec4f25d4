// Elementwise nodes as expressions, whatever form they have in the graph.
#pragma once

#include <optional>
#include <string>

#include "ir/graph.h"

namespace cermet {

// What the node does to one element: operand i is its input i. Nothing for nodes that are no
// elementwise operator of one result with all inputs present, or whose types have no arithmetic.
std::optional<ScalarExpr> elementwise_expression(const Graph& graph, const Node& node);

// What makes a node no elementwise one although its operator is; empty where the operator is not.
std::string why_not_elementwise(const Graph& graph, const Node& node);

// The value as a node of the expression, if it is a constant of one element.
std::optional<int> add_scalar(const GraphValue& value, ScalarExpr& expression);

// True when `operand` broadcasts into `result` without making it larger, whatever the symbols are.
bool broadcasts_into(const ValueType& operand, const ValueType& result);

}  // namespace cermet
