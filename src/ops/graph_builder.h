// Adding operators to a graph with their types inferred at once: for the importer, the expansion
// of composed operators, and passes.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "ops/operator.ref.h"

namespace cermet {

// Infers the types and contents of a node's outputs from its inputs in `graph`. Control flow is
// inferred from the types of its subgraphs' outputs. Throws unsupported for an unknown operator.
std::vector<InferContext::Output> infer_node(const Graph& graph, const Node& node);

// Works on one graph; made for a short while. `origin` is given to every node that is added.
class GraphBuilder {
 public:
  GraphBuilder(Graph& graph, Origin origin) : graph_(&graph), origin_(std::move(origin)) {}

  // An operator with its outputs typed; returns the first output, or all of them.
  ValueId add(std::string_view op, std::vector<ValueId> inputs, Attributes attributes = {},
              std::string_view domain = "");
  std::vector<ValueId> add_all(std::string_view op, std::vector<ValueId> inputs, size_t outputs,
                               Attributes attributes = {}, std::string_view domain = "");
  std::vector<ValueId> add_node(Node node, size_t outputs);

  ValueId constant(Tensor tensor);
  ValueId integers(const std::vector<int64_t>& values);  // int64[n]
  ValueId integer(int64_t value);                        // int64 scalar
  // A scalar of the given type (any numeric type).
  ValueId scalar(ElementType type, double value);
  ValueId cast(ValueId value, ElementType type);  // nothing added when it has the type already

  // Throws invalid_model for no_value: an input that the model leaves out.
  const ValueType& type(ValueId value) const;
  ElementType element(ValueId value) const { return type(value).element; }
  // Contents of an integer value when they are all plain numbers.
  std::optional<std::vector<int64_t>> known_integers(ValueId value) const;
  const Tensor* known_constant(ValueId value) const;

  Graph& graph() { return *graph_; }
  const Origin& origin() const { return origin_; }

 private:
  Graph* graph_;
  Origin origin_;
};

}  // namespace cermet
