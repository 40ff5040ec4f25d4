#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "ir/graph.h"

namespace cermet {
namespace {

std::string value_text(const Graph& graph, ValueId id) {
  return id == no_value ? "-" : "%" + graph.value(id).name;
}

std::string list_text(const Graph& graph, const std::vector<ValueId>& ids) {
  std::string text;
  for (ValueId id : ids) text += (text.empty() ? "" : ", ") + value_text(graph, id);
  return text;
}

std::string typed_list(const Graph& graph, const std::vector<ValueId>& ids) {
  std::string text;
  for (ValueId id : ids) {
    if (!text.empty()) text += ", ";
    text += value_text(graph, id);
    if (id != no_value) text += ": " + graph.type(id).to_string();
  }
  return text;
}

std::string constant_text(const Tensor& tensor) {
  if (tensor.type() == ElementType::string) return "strings";
  if (tensor.elements() <= 8 && is_integer(tensor.type())) {
    std::string text;
    for (int64_t value : load_all<int64_t>(tensor.view()))
      text += (text.empty() ? "" : ", ") + std::to_string(value);
    return "{" + text + "}";
  }
  return fmt::format("#{:016x}", hash_bytes(tensor.data(), tensor.bytes()));
}

void print_into(const Graph& graph, int depth, std::string& text) {
  const std::string indent(2 * depth, ' ');
  text += fmt::format("{}graph({}) {{\n", indent, typed_list(graph, graph.inputs()));
  std::vector<bool> shown(graph.value_count(), false);
  const auto show_constants = [&](const std::vector<ValueId>& ids) {
    for (ValueId id : ids) {
      if (id == no_value || shown[id] || !graph.value(id).constant) continue;
      shown[id] = true;
      text +=
          fmt::format("{}  {}: {} = constant {}\n", indent, value_text(graph, id),
                      graph.type(id).to_string(), constant_text(graph.value(id).constant->tensor));
    }
  };
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    show_constants(node.inputs);
    text += fmt::format("{}  {} = {}{}({})", indent, typed_list(graph, node.outputs),
                        node.domain.empty() ? "" : node.domain + ".", node.op,
                        list_text(graph, node.inputs));
    if (!node.attributes.all().empty()) text += " " + node.attributes.to_string();
    if (!node.expression.empty()) text += " [" + node.expression.to_string() + "]";
    if (node.epilogue)
      text += fmt::format(" epilogue from {} [{}]", node.epilogue->first_input,
                          node.epilogue->expression.to_string());
    text += "\n";
    for (const Graph& subgraph : node.subgraphs) print_into(subgraph, depth + 2, text);
  }
  show_constants(graph.outputs());
  text += fmt::format("{}  return {}\n{}}}\n", indent, list_text(graph, graph.outputs()), indent);
}

}  // namespace

std::string print(const Graph& graph) {
  std::string text;
  print_into(graph, 0, text);
  return text;
}

}  // namespace cermet
