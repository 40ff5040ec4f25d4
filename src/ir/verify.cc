#include "base/error.h"
#include "ir/graph.h"

namespace cermet {
namespace {

template <class... Args>
void law(bool holds, const Graph& graph, fmt::format_string<Args...> text, Args&&... args) {
  if (!holds)
    fail(ErrorCode::internal, "illegal graph '{}': {}", graph.name,
         fmt::format(text, std::forward<Args>(args)...));
}

void verify_value(const Graph& graph, const GraphValue& value) {
  if (value.constant) {
    law(value.producer == no_node, graph, "constant %{} has a producer", value.name);
    const Tensor& tensor = value.constant->tensor;
    law(value.type == ValueType::tensor(tensor.type(), to_dims(tensor.shape())), graph,
        "constant %{} holds {}{} but is typed {}", value.name, name(tensor.type()),
        to_string(tensor.shape()), value.type.to_string());
  }
  if (value.contents && value.type.has_rank() && all_constant(*value.type.dims))
    law(product(*value.type.dims) == Dim(static_cast<int64_t>(value.contents->size())), graph,
        "%{} of type {} has {} known elements", value.name, value.type.to_string(),
        value.contents->size());
}

// Values that may be read before any node ran: inputs and constants.
std::vector<bool> ready_at_start(const Graph& graph) {
  std::vector<bool> ready(graph.value_count(), false);
  for (ValueId id : graph.inputs()) ready[id] = true;
  for (size_t i = 0; i < ready.size(); ++i)
    if (graph.value(static_cast<ValueId>(i)).constant) ready[i] = true;
  return ready;
}

size_t bodies_of(const Node& node) {
  if (!node.domain.empty()) return 0;
  if (node.op == "If") return 2;
  return node.op == "Loop" || node.op == "Scan" ? 1 : 0;
}

void verify_bodies(const Graph& graph, const Node& node) {
  law(node.subgraphs.size() == bodies_of(node), graph, "{} '{}' has {} subgraphs, expected {}",
      node.op, node.name, node.subgraphs.size(), bodies_of(node));
  for (const Graph& body : node.subgraphs) {
    const size_t expected = node.op == "If" ? node.inputs.size() - 1 : node.inputs.size();
    law(body.inputs().size() == expected, graph, "a body of {} '{}' takes {} values, gets {}",
        node.op, node.name, body.inputs().size(), expected);
    const size_t results = node.outputs.size() + (node.op == "Loop" ? 1 : 0);
    law(body.outputs().size() == results, graph, "a body of {} '{}' gives {} values, expected {}",
        node.op, node.name, body.outputs().size(), results);
    verify(body);
  }
}

void verify_node(const Graph& graph, NodeId id, std::vector<bool>& ready) {
  const Node& node = graph.node(id);
  for (ValueId input : node.inputs) {
    if (input == no_value) continue;
    law(input >= 0 && input < static_cast<ValueId>(graph.value_count()), graph,
        "{} '{}' reads value {}, which does not exist", node.op, node.name, input);
    law(ready[input], graph, "{} '{}' reads %{}, which nothing produces before", node.op, node.name,
        graph.value(input).name);
  }
  for (ValueId output : node.outputs) {
    if (output == no_value) continue;
    law(!ready[output], graph, "%{} is produced twice", graph.value(output).name);
    law(graph.value(output).producer == id, graph, "%{} does not know its producer {} '{}'",
        graph.value(output).name, node.op, node.name);
    ready[output] = true;
  }
  if (node.epilogue) {
    const size_t operands = node.inputs.size() - node.epilogue->first_input + 1;
    law(node.epilogue->expression.operand_count() <= static_cast<int>(operands), graph,
        "the epilogue of {} '{}' reads operand {} of {}", node.op, node.name,
        node.epilogue->expression.operand_count() - 1, operands);
  }
  verify_bodies(graph, node);
}

}  // namespace

void verify(const Graph& graph) {
  for (size_t i = 0; i < graph.value_count(); ++i)
    verify_value(graph, graph.value(static_cast<ValueId>(i)));
  std::vector<bool> ready = ready_at_start(graph);
  for (NodeId id : graph.order()) verify_node(graph, id, ready);
  for (ValueId output : graph.outputs()) {
    law(output >= 0 && output < static_cast<ValueId>(graph.value_count()), graph,
        "output {} does not exist", output);
    law(ready[output], graph, "output %{} is never produced", graph.value(output).name);
  }
}

}  // namespace cermet
