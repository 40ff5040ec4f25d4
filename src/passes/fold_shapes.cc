// Shape arithmetic whose result is known as an expression of the inputs' sizes becomes that
// expression, computed in one step, or a constant.
#include <algorithm>

#include "passes/passes.h"

namespace cermet {
namespace {

bool follows_from_inputs(const Dims& dims) {
  std::set<std::string> symbols;
  for (const Dim& dim : dims) dim.collect_data_symbols(symbols);
  return symbols.empty();
}

Patch as_constant(const Graph& graph, const GraphValue& value, ValueId id) {
  Patch patch(graph);
  patch.consume(value.producer);
  Tensor tensor(value.type.element, constants(*value.type.dims));
  const std::vector<int64_t> elements = constants(*value.contents);
  for (size_t i = 0; i < elements.size(); ++i)
    store_element<int64_t>(tensor.view(), static_cast<int64_t>(i), elements[i]);
  patch.replace(id, patch.constant(std::move(tensor)));
  return patch;
}

Patch as_dims(const Graph& graph, const GraphValue& value, ValueId id) {
  Patch patch(graph);
  patch.consume(value.producer);
  Node node;
  node.domain = "cermet";
  node.op = "Dims";
  node.name = value.name;
  std::vector<std::string> texts;
  for (const Dim& dim : *value.contents) texts.push_back(dim.to_string());
  node.attributes.set("dims", std::move(texts));
  node.attributes.set("rank", static_cast<int64_t>(value.type.rank()));
  node.attributes.set("to", static_cast<int64_t>(value.type.element));
  patch.replace(id, patch.add(std::move(node)));
  return patch;
}

}  // namespace

std::vector<Patch> fold_shapes(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId node : graph.order())
    for (ValueId id : graph.node(node).outputs) {
      if (id == no_value || graph.node(node).is("Dims", "cermet")) continue;
      const GraphValue& value = graph.value(id);
      if (!value.contents || !value.type.is_static() || !is_integer(value.type.element)) continue;
      if (all_constant(*value.contents))
        patches.push_back(as_constant(graph, value, id));
      else if (follows_from_inputs(*value.contents))
        patches.push_back(as_dims(graph, value, id));
    }
  return patches;
}

}  // namespace cermet
