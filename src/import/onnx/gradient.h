// Reverse-mode derivation over nodes of newest meaning.
#pragma once

#include <span>
#include <vector>

#include "ops/graph_builder.h"

namespace cermet::onnx {

// The derivatives of y with respect to each of `xs` (a tensor y counts as the sum of its elements),
// computed by nodes that are added to the graph. Values that y does not depend on get zeros. Throws
// unsupported naming the operator when one on the way has no rule.
std::vector<ValueId> add_gradient(GraphBuilder& builder, ValueId y, std::span<const ValueId> xs);

// What a rule sees: one node and the derivative of y with respect to its first output.
struct GradientCall {
  GraphBuilder& builder;
  const Node& node;
  ValueId slope;

  ValueId x(size_t i) const { return node.inputs.at(i); }
  ValueId y() const { return node.outputs.front(); }
  ElementType type() const { return builder.element(y()); }
  ValueId op(std::string_view name, std::vector<ValueId> inputs, Attributes attributes = {}) const {
    return builder.add(name, std::move(inputs), std::move(attributes));
  }
  ValueId number(double value) const { return builder.scalar(type(), value); }
};

// By input: the derivative of y, or no_value for inputs that carry no derivative (shapes, axes).
using GradientRule = std::vector<ValueId> (*)(const GradientCall& call);

// Nothing when the operator has no rule.
GradientRule find_gradient_rule(const Node& node);

// A tensor of the shape and element type of `like`.
ValueId filled_like(GraphBuilder& builder, ValueId like, double value);

}  // namespace cermet::onnx
