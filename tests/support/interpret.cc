// The oracle: a graph node by node.
#include <limits>

#include "base/error.h"
#include "ops/evaluate.ref.h"
#include "ops/operator.ref.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

using Values = std::vector<std::optional<Value>>;

std::vector<Value> outputs_of(const Graph& graph, const Values& values) {
  std::vector<Value> results;
  for (ValueId id : graph.outputs()) results.push_back(values[id].value());
  return results;
}

bool truth(const Value& value) { return load_element<uint64_t>(value.tensor.view(), 0) != 0; }

Value scalar(ElementType type, int64_t number) {
  Tensor tensor(type, {});
  store_element<int64_t>(tensor.view(), 0, number);
  return Value(tensor);
}

Value stack(const std::vector<Value>& slices, const ValueType& slice) {
  Shape shape;
  if (!slices.empty())
    shape = slices[0].tensor.shape();
  else if (slice.has_rank())
    for (const Dim& dim : *slice.dims) shape.push_back(dim.is_constant() ? dim.constant() : 0);
  const int64_t inner = element_count(shape);
  shape.insert(shape.begin(), static_cast<int64_t>(slices.size()));
  Tensor whole(slice.element, shape);
  for (size_t i = 0; i < slices.size(); ++i) {
    require(slices[i].tensor.elements() == inner, ErrorCode::runtime, "slices of several shapes");
    copy_elements(slices[i].tensor.view(), 0, whole.view(), static_cast<int64_t>(i) * inner, inner);
  }
  return Value(whole);
}

Values inputs_of(const Node& node, const Values& values) {
  Values inputs;
  for (ValueId id : node.inputs) {
    inputs.emplace_back();
    if (id != no_value) inputs.back() = values[id].value();
  }
  return inputs;
}

std::vector<Value> run_if(const Node& node, const Values& inputs) {
  std::vector<Value> captured;
  for (size_t i = 1; i < inputs.size(); ++i) captured.push_back(inputs[i].value());
  return interpret(node.subgraphs[truth(*inputs[0]) ? 0 : 1], captured);
}

std::vector<Value> run_loop(const Node& node, const Values& inputs) {
  const Graph& body = node.subgraphs[0];
  const size_t states = inputs.size() - 2 - node.attributes.integer("captured", 0);
  int64_t trips = std::numeric_limits<int64_t>::max();
  if (inputs[0]) trips = load_element<int64_t>(inputs[0]->tensor.view(), 0);
  bool go_on = !inputs[1] || truth(*inputs[1]);
  std::vector<Value> state;
  for (size_t i = 2; i < inputs.size(); ++i) state.push_back(*inputs[i]);
  std::vector<std::vector<Value>> slices(node.outputs.size() - states);
  for (int64_t i = 0; i < trips && go_on; ++i) {
    std::vector<Value> arguments{scalar(ElementType::int64, i),
                                 scalar(ElementType::boolean, go_on)};
    arguments.insert(arguments.end(), state.begin(), state.end());
    const std::vector<Value> results = interpret(body, arguments);
    go_on = truth(results[0]);
    std::copy_n(results.begin() + 1, states, state.begin());
    for (size_t s = 0; s < slices.size(); ++s) slices[s].push_back(results[1 + states + s]);
  }
  std::vector<Value> results(state.begin(), state.begin() + static_cast<int64_t>(states));
  for (size_t s = 0; s < slices.size(); ++s)
    results.push_back(stack(slices[s], body.type(body.outputs()[1 + states + s])));
  return results;
}

}  // namespace

Values interpret_all(const Graph& graph, const std::vector<Value>& inputs) {
  Values values(graph.value_count());
  for (size_t i = 0; i < inputs.size(); ++i) values[graph.inputs()[i]] = inputs[i];
  for (size_t i = 0; i < values.size(); ++i)
    if (const auto& constant = graph.value(static_cast<ValueId>(i)).constant)
      values[i] = Value(constant->tensor);
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    const Values arguments = inputs_of(node, values);
    std::vector<Value> results;
    if (node.is("If")) {
      results = run_if(node, arguments);
    } else if (node.is("Loop")) {
      results = run_loop(node, arguments);
    } else {
      const Operator* op = find_operator(node.domain, node.op);
      require(op != nullptr && !node.epilogue, ErrorCode::unsupported, "the oracle takes no {}",
              node.op);
      results = evaluate(*op, node.attributes, arguments, node.outputs.size());
    }
    for (size_t i = 0; i < node.outputs.size(); ++i)
      if (node.outputs[i] != no_value) values[node.outputs[i]] = results.at(i);
  }
  return values;
}

std::vector<Value> interpret(const Graph& graph, const std::vector<Value>& inputs) {
  return outputs_of(graph, interpret_all(graph, inputs));
}

}  // namespace cermet::testing
