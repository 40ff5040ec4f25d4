#include "import/onnx/gradient.h"

#include <map>
#include <set>

#include "base/error.h"
#include "base/scalar.h"
#include "import/onnx/node_importer.h"

namespace cermet::onnx {
namespace {

bool reads_any(const Node& node, const std::set<ValueId>& values) {
  for (ValueId input : node.inputs)
    if (values.contains(input)) return true;
  return false;
}

// Nodes that depend on `from`, in order; their outputs join `from`.
std::vector<NodeId> dependent_nodes(const Graph& graph, std::set<ValueId>& from) {
  std::vector<NodeId> nodes;
  for (NodeId id : graph.order()) {
    if (!reads_any(graph.node(id), from)) continue;
    nodes.push_back(id);
    for (ValueId output : graph.node(id).outputs)
      if (output != no_value) from.insert(output);
  }
  return nodes;
}

// Adds up what flows back into each value.
class Slopes {
 public:
  explicit Slopes(GraphBuilder& builder) : builder_(builder) {}

  void add(ValueId value, ValueId slope) {
    const auto [entry, fresh] = slopes_.emplace(value, slope);
    if (!fresh) entry->second = builder_.add("Add", {entry->second, slope});
  }
  ValueId of(ValueId value) const {
    const auto entry = slopes_.find(value);
    return entry == slopes_.end() ? no_value : entry->second;
  }

 private:
  GraphBuilder& builder_;
  std::map<ValueId, ValueId> slopes_;
};

void flow_back(GraphBuilder& builder, const Node& node, const std::set<ValueId>& dependent,
               Slopes& slopes) {
  const ValueId slope = slopes.of(node.outputs.front());
  for (size_t i = 1; i < node.outputs.size(); ++i)
    require(node.outputs[i] == no_value || slopes.of(node.outputs[i]) == no_value,
            ErrorCode::unsupported, "Gradient: output {} of {} ('{}') can't be derived", i, node.op,
            node.name);
  if (slope == no_value) return;
  const GradientRule rule = find_gradient_rule(node);
  require(rule != nullptr, ErrorCode::unsupported,
          "Gradient: Cermet has no derivative of the operator {} (node '{}')", node.op, node.name);
  const std::vector<ValueId> inputs = rule({builder, node, slope});
  for (size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i] != no_value && dependent.contains(node.inputs[i]))
      slopes.add(node.inputs[i], inputs[i]);
}

// y as it would be if the graph had computed it from `to` in place of `from`.
ValueId recomputed(GraphBuilder& builder, ValueId y, const std::vector<ValueId>& from,
                   const std::vector<ValueId>& to) {
  std::map<ValueId, ValueId> replaced;
  std::set<ValueId> changed;
  for (size_t i = 0; i < from.size(); ++i)
    if (from[i] != to[i]) {
      replaced[from[i]] = to[i];
      changed.insert(from[i]);
    }
  Graph& graph = builder.graph();
  for (NodeId id : dependent_nodes(graph, changed)) {
    Node copy = graph.node(id);
    const std::vector<ValueId> outputs = copy.outputs;
    for (ValueId& input : copy.inputs)
      if (const auto entry = replaced.find(input); entry != replaced.end()) input = entry->second;
    const std::vector<ValueId> results = builder.add_node(std::move(copy), outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i)
      if (outputs[i] != no_value && !replaced.contains(outputs[i]))
        replaced[outputs[i]] = results[i];
  }
  const auto entry = replaced.find(y);
  return entry == replaced.end() ? y : entry->second;
}

}  // namespace

ValueId filled_like(GraphBuilder& builder, ValueId like, double value) {
  Tensor one(builder.element(like), {1});
  store_element(one.view(), 0, value);
  Attributes attributes;
  attributes.set("value", std::move(one));
  return builder.add("ConstantOfShape", {builder.add("Shape", {like})}, std::move(attributes));
}

std::vector<ValueId> add_gradient(GraphBuilder& builder, ValueId y, std::span<const ValueId> xs) {
  Graph& graph = builder.graph();
  std::set<ValueId> dependent(xs.begin(), xs.end());
  std::vector<NodeId> nodes = dependent_nodes(graph, dependent);
  std::reverse(nodes.begin(), nodes.end());
  Slopes slopes(builder);
  if (dependent.contains(y)) slopes.add(y, filled_like(builder, y, 1));
  for (NodeId id : nodes) {
    const Node node = graph.node(id);  // a copy: the graph grows
    flow_back(builder, node, dependent, slopes);
  }
  std::vector<ValueId> results;
  for (ValueId x : xs) {
    const ValueId slope = slopes.of(x);
    results.push_back(slope == no_value ? filled_like(builder, x, 0) : slope);
  }
  return results;
}

std::vector<ValueId> NodeImporter::import_gradient(const OnnxNode& node, GraphBuilder& builder,
                                                   Scope& scope) {
  const Attributes attributes = attributes_of(node, scope);
  std::vector<std::string> names = attributes.texts("xs");
  const size_t derived = names.size();
  for (const std::string& name : attributes.texts("zs")) names.push_back(name);
  const std::vector<ValueId> given = resolve(node.inputs, scope);
  require(given.size() == names.size(), ErrorCode::invalid_model,
          "Gradient has {} inputs for the {} names in xs and zs", given.size(), names.size());
  const std::vector<ValueId> named = resolve(names, scope);
  const ValueId y = resolve({attributes.text("y")}, scope).at(0);
  require(derived == node.outputs.size(), ErrorCode::invalid_model,
          "Gradient has {} outputs for the {} names in xs", node.outputs.size(), derived);
  const ValueId top = recomputed(builder, y, named, given);
  return add_gradient(builder, top, std::span(given).first(derived));
}

}  // namespace cermet::onnx
