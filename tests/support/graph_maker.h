// Small graphs for tests, a line an operator.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "ops/graph_builder.h"

namespace cermet::testing {

inline Attributes attributes(std::initializer_list<std::pair<const char*, Attribute>> list) {
  Attributes result;
  for (const auto& [name, value] : list) result.set(name, value);
  return result;
}

// "float32[N, 3]" as to_string writes it.
ValueType type_of(std::string_view text);

Tensor reals(Shape shape, const std::vector<float>& values);
Tensor ints(Shape shape, const std::vector<int64_t>& values);
Tensor ints(const std::vector<int64_t>& values);
// Elements -1, -0.75, ... 1, -1, ... so that every position counts.
Tensor ramp(ElementType type, Shape shape);

// Adds to a graph. Nodes are named by their operator and number: "Add0", "Relu1".
class GraphMaker {
 public:
  explicit GraphMaker(Graph& graph) : graph_(graph) {}

  ValueId input(std::string name, std::string_view type) {
    return graph_.add_input(std::move(name), type_of(type));
  }
  ValueId constant(std::string name, Tensor tensor) {
    return graph_.add_constant(name, std::move(tensor), Recipe{{name}, {}});
  }
  ValueId add(std::string_view op, std::vector<ValueId> inputs, Attributes attributes = {}) {
    return add_all(op, std::move(inputs), 1, std::move(attributes))[0];
  }
  std::vector<ValueId> add_all(std::string_view op, std::vector<ValueId> inputs, size_t outputs,
                               Attributes attributes = {}) {
    return GraphBuilder(graph_, next_origin(op))
        .add_all(op, std::move(inputs), outputs, std::move(attributes));
  }
  std::vector<ValueId> add_control(std::string_view op, std::vector<ValueId> inputs,
                                   std::vector<Graph> bodies, size_t outputs,
                                   Attributes attributes = {});
  void output(ValueId value) { graph_.add_output(value); }

  Graph& graph() { return graph_; }

 private:
  Origin next_origin(std::string_view op) {
    return {{std::string(op) + std::to_string(counter_++)}};
  }

  Graph& graph_;
  int counter_ = 0;
};

}  // namespace cermet::testing
