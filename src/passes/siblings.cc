#include "passes/siblings.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/error.h"
#include "passes/elementwise.h"

namespace cermet {
namespace {

bool all_are(const Attributes& attributes, std::string_view name, int64_t usual) {
  const auto values = attributes.integers(name, {});
  return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == usual; });
}

// The attributes but for those that say what holds without them.
Attributes told_attributes(const Node& node) {
  Attributes result = node.attributes;
  if (!node.is("Conv")) return result;
  result.erase("kernel_shape");  // the weights' sizes say it
  if (all_are(result, "strides", 1)) result.erase("strides");
  if (all_are(result, "dilations", 1)) result.erase("dilations");
  if (all_are(result, "pads", 0)) result.erase("pads");
  if (result.text("auto_pad", "NOTSET") == "NOTSET") result.erase("auto_pad");
  if (result.integer("group", 1) == 1) result.erase("group");
  return result;
}

const Tensor* own_weights(const Graph& graph, const Node& node, const Uses& uses) {
  const ValueId weights = node.input(1);
  return weights != no_value && uses.count(weights) == 1 ? constant_of(graph, weights) : nullptr;
}

bool may_have_siblings(const Graph& graph, const Node& node, const Uses& uses, bool fused) {
  if (node.epilogue && !fused) return false;
  const Tensor* weights = own_weights(graph, node, uses);
  if (weights == nullptr || weights->elements() == 0 || bit_width(weights->type()) < 8 ||
      !graph.type(node.inputs[0]).has_rank())
    return false;
  // Results that are cut already have been merged before.
  for (NodeId reader : uses.readers(node.outputs[0]))
    if (graph.node(reader).is("Split")) return false;
  if (node.is("MatMul"))
    return weights->shape().size() == 2 && graph.type(node.inputs[0]).rank() >= 2;
  if (!node.is("Conv") || node.attributes.integer("group", 1) != 1) return false;
  return node.input(2) == no_value || constant_of(graph, node.input(2)) != nullptr;
}

bool are_alike(const Graph& graph, const Node& a, const Node& b) {
  if (a.op != b.op || a.inputs[0] != b.inputs[0] || !(told_attributes(a) == told_attributes(b)))
    return false;
  const Tensor &x = *constant_of(graph, a.inputs[1]), &y = *constant_of(graph, b.inputs[1]);
  Shape of_x = x.shape(), of_y = y.shape();
  of_x[weights_axis(a)] = of_y[weights_axis(b)] = 1;
  return x.type() == y.type() && of_x == of_y;
}

// The constant that the node adds to the columns of `value`, where it is an Add of one.
ValueId added_to_columns(const Graph& graph, const Node& node, ValueId value, int64_t width) {
  if (!node.is("Add") || node.epilogue) return no_value;
  const ValueId other = node.inputs[0] == value ? node.inputs[1] : node.inputs[0];
  const Tensor* constant = constant_of(graph, other);
  if (constant == nullptr || graph.type(node.outputs[0]).dims != graph.type(value).dims)
    return no_value;
  const bool by_column = constant->elements() == 1 ||
                         (constant->elements() == width && constant->shape().back() == width);
  return by_column ? other : no_value;
}

void take_biases(const Graph& graph, const Uses& uses, SiblingGroup& group) {
  for (Sibling& member : group.members) {
    if (!graph.node(member.node).is("MatMul")) continue;
    const NodeId reader = uses.only_reader(member.end);
    if (reader == no_node) continue;
    const Node& node = graph.node(reader);
    member.bias = added_to_columns(graph, node, member.end, member.width);
    if (member.bias == no_value) continue;
    member.consumed.push_back(reader);
    member.end = node.outputs[0];
  }
}

// Whether two nodes do the same to `a_value` and `b_value`: what else they read is one and the same
// number.
bool do_the_same(const Graph& graph, const Node& a, ValueId a_value, const Node& b,
                 ValueId b_value) {
  if (a.op != b.op || a.domain != b.domain || !(a.attributes == b.attributes) ||
      a.inputs.size() != b.inputs.size() || a.is("Pointwise", "cermet"))
    return false;
  for (size_t i = 0; i < a.inputs.size(); ++i) {
    if ((a.inputs[i] == a_value) != (b.inputs[i] == b_value)) return false;
    if (a.inputs[i] == a_value) continue;
    if (a.inputs[i] != b.inputs[i]) return false;
    if (a.inputs[i] == no_value) continue;
    const Tensor* constant = constant_of(graph, a.inputs[i]);
    if (constant == nullptr || constant->elements() != 1) return false;
  }
  return true;
}

// Takes one more node of each member; false where they go different ways.
bool take_next(const Graph& graph, const Uses& uses, SiblingGroup& group) {
  std::vector<NodeId> readers;
  for (const Sibling& member : group.members) {
    const NodeId reader = elementwise_reader(graph, uses, member.end);
    if (reader == no_node) return false;
    const Sibling& first = group.members[0];
    readers.push_back(reader);
    if (!do_the_same(graph, graph.node(readers[0]), first.end, graph.node(reader), member.end))
      return false;
  }
  // One node that reads several members joins them by itself.
  std::vector<NodeId> sorted = readers;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) return false;
  ++group.common;
  for (size_t i = 0; i < readers.size(); ++i) {
    group.members[i].consumed.push_back(readers[i]);
    group.members[i].end = graph.node(readers[i]).outputs[0];
  }
  return true;
}

}  // namespace

int64_t weights_axis(const Node& member) { return member.is("Conv") ? 0 : 1; }

int64_t result_axis(const Graph& graph, const Node& member) {
  return member.is("Conv") ? 1 : graph.type(member.outputs[0]).rank() - 1;
}

std::vector<SiblingGroup> sibling_groups(const Graph& graph, const Uses& uses, bool fused) {
  std::vector<SiblingGroup> groups;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (node.inputs.empty() || !(node.is("MatMul") || node.is("Conv")) ||
        !may_have_siblings(graph, node, uses, fused))
      continue;
    const int64_t width = constant_of(graph, node.inputs[1])->shape()[weights_axis(node)];
    const Sibling member{id, width, no_value, {id}, node.outputs[0]};
    const auto found = std::find_if(groups.begin(), groups.end(), [&](const SiblingGroup& group) {
      return are_alike(graph, graph.node(group.members[0].node), node);
    });
    if (found != groups.end())
      found->members.push_back(member);
    else
      groups.push_back({{member}});
  }
  std::erase_if(groups, [](const SiblingGroup& group) { return group.members.size() < 2; });
  return groups;
}

void take_common(const Graph& graph, const Uses& uses, SiblingGroup& group) {
  take_biases(graph, uses, group);
  while (take_next(graph, uses, group)) {
  }
}

NodeId elementwise_reader(const Graph& graph, const Uses& uses, ValueId value) {
  const NodeId reader = uses.sole_reading_node(value);
  if (reader == no_node) return no_node;
  const Node& node = graph.node(reader);
  if (!elementwise_expression(graph, node) ||
      graph.type(node.outputs[0]).dims != graph.type(value).dims)
    return no_node;
  return reader;
}

std::vector<SiblingGroup> split_by_reader(const Graph& graph, const Uses& uses,
                                          const SiblingGroup& group) {
  std::map<std::string, SiblingGroup> parts;
  for (const Sibling& member : group.members) {
    const NodeId reader = elementwise_reader(graph, uses, member.end);
    const std::string key = reader == no_node
                                ? std::string()
                                : graph.node(reader).op + graph.node(reader).attributes.to_string();
    parts[key].members.push_back(member);
  }
  std::vector<SiblingGroup> result;
  for (auto& [key, part] : parts) {
    if (part.members.size() < 2 || part.members.size() == group.members.size()) continue;
    part.common = group.common;
    while (take_next(graph, uses, part)) {
    }
    result.push_back(std::move(part));
  }
  return result;
}

}  // namespace cermet
