// The oracle: a graph node by node.
#include <algorithm>
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

// Copies slice `at` of `whole` along the axis, to it or from it.
void copy_slice(Tensor whole, int64_t axis, int64_t at, Tensor slice, bool into) {
  const Shape& shape = whole.shape();
  const int64_t inner = element_count(Shape(shape.begin() + axis + 1, shape.end()));
  for (int64_t o = 0; o < slice.elements() / std::max<int64_t>(inner, 1); ++o) {
    const int64_t place = (o * shape[axis] + at) * inner;
    if (into)
      copy_elements(slice.view(), o * inner, whole.view(), place, inner);
    else
      copy_elements(whole.view(), place, slice.view(), o * inner, inner);
  }
}

Value stack(const std::vector<Value>& slices, const ValueType& slice, int64_t axis = 0,
            bool backward = false) {
  Shape shape;
  if (!slices.empty())
    shape = slices[0].tensor.shape();
  else if (slice.has_rank())
    for (const Dim& dim : *slice.dims) shape.push_back(dim.is_constant() ? dim.constant() : 0);
  const Shape one = shape;
  if (axis < 0) axis += static_cast<int64_t>(shape.size()) + 1;
  const int64_t count = static_cast<int64_t>(slices.size());
  shape.insert(shape.begin() + axis, count);
  const Tensor whole(slice.element, shape);
  for (int64_t i = 0; i < count; ++i) {
    require(slices[i].tensor.shape() == one, ErrorCode::runtime, "slices of several shapes");
    copy_slice(whole, axis, backward ? count - 1 - i : i, slices[i].tensor, true);
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

std::vector<Value> run_scan(const Node& node, const Values& inputs) {
  const Graph& body = node.subgraphs[0];
  const size_t scanned = node.attributes.integer("num_scan_inputs");
  const size_t states = inputs.size() - scanned - node.attributes.integer("captured", 0);
  const auto entries = [&](const char* name, size_t count) {
    return node.attributes.integers(name, std::vector<int64_t>(count, 0));
  };
  const size_t stacked = node.outputs.size() - states;
  auto axes = entries("scan_input_axes", scanned);
  std::vector<Value> current;
  for (const auto& input : inputs) current.push_back(input.value());
  int64_t trips = 0;
  for (size_t i = 0; i < scanned; ++i) {
    const Shape& shape = inputs[states + i]->tensor.shape();
    if (axes[i] < 0) axes[i] += static_cast<int64_t>(shape.size());
    require(i == 0 || shape[axes[i]] == trips, ErrorCode::runtime, "scans of several lengths");
    trips = shape[axes[i]];
  }
  std::vector<std::vector<Value>> slices(stacked);
  for (int64_t trip = 0; trip < trips; ++trip) {
    for (size_t i = 0; i < scanned; ++i) {
      const Tensor& whole = inputs[states + i]->tensor;
      Shape shape = whole.shape();
      shape.erase(shape.begin() + axes[i]);
      const Tensor slice(whole.type(), shape);
      const bool backward = entries("scan_input_directions", scanned)[i] != 0;
      copy_slice(whole, axes[i], backward ? trips - 1 - trip : trip, slice, false);
      current[states + i] = Value(slice);
    }
    const std::vector<Value> results = interpret(body, current);
    std::copy_n(results.begin(), states, current.begin());
    for (size_t s = 0; s < stacked; ++s) slices[s].push_back(results[states + s]);
  }
  std::vector<Value> results(current.begin(), current.begin() + static_cast<int64_t>(states));
  for (size_t s = 0; s < stacked; ++s)
    results.push_back(stack(slices[s], body.type(body.outputs()[states + s]),
                            entries("scan_output_axes", stacked)[s],
                            entries("scan_output_directions", stacked)[s] != 0));
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
    } else if (node.is("Scan")) {
      results = run_scan(node, arguments);
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
