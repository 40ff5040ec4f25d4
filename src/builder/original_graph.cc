#include "builder/original_graph.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "ops/operator.ref.h"

namespace cermet {
namespace {

// Constants of no more than so many bytes are compared by what they hold, larger ones by where.
constexpr size_t small_constant = 4096;

std::string key_of(const Constant& constant) {
  const Tensor& tensor = constant.tensor;
  if (bit_width(tensor.type()) == 0) return {};
  std::string key = fmt::format("{} {} ", name(tensor.type()), to_string(tensor.shape()));
  if (tensor.bytes() > small_constant) return key + fmt::format("{}", tensor.data());
  return key.append(static_cast<const char*>(tensor.data()), tensor.bytes());
}

bool may_be_shared(const Node& node) {
  const Operator* op = find_operator(node.domain, node.op);
  return node.domain.empty() && node.subgraphs.empty() && op != nullptr && op->deterministic;
}

bool may_hold(ElementType plan, ElementType model) {
  return plan == model || (model == ElementType::float32 &&
                           (plan == ElementType::float16 || plan == ElementType::bfloat16));
}

// All but the attributes.
std::string key_of(const Node& node) {
  return fmt::format("{} {} {}", node.op, fmt::join(node.inputs, ","), node.outputs.size());
}

}  // namespace

OriginalGraph::OriginalGraph(Graph graph) : graph_(std::move(graph)) {
  scopes_.emplace_back();
  for (size_t i = 0; i < graph_.value_count(); ++i) {
    const auto id = static_cast<ValueId>(i);
    scopes_[outermost].values.emplace(graph_.value(id).name, id);
  }
  for (NodeId id : graph_.order()) open(id, outermost);
  share_equal_values();
  readers_ = graph_.consumers();
}

void OriginalGraph::open(NodeId id, Scope scope) {
  claim(graph_.node(id), scope);
  const std::vector<Graph> bodies = graph_.node(id).subgraphs;
  for (size_t i = 0; i < bodies.size(); ++i) open_body(id, bodies[i], i, scope);
}

// A node that several bodies have tells nothing.
void OriginalGraph::claim(const Node& node, Scope scope) {
  for (const std::string& name : node.origin.nodes)
    if (const auto [owner, fresh] = owners_.emplace(name, scope); owner->second != scope)
      owner->second = nowhere;
}

void OriginalGraph::open_body(NodeId control, const Graph& body, size_t region, Scope outer) {
  const auto scope = static_cast<Scope>(scopes_.size());
  scopes_.emplace_back();
  scopes_[scope].depth = scopes_[outer].depth + 1;
  scopes_[outer].bodies.push_back({control, region, scope});
  const std::vector<ValueId> given = graph_.node(control).inputs;
  const bool is_if = graph_.node(control).is("If");
  const auto captured = static_cast<size_t>(graph_.node(control).attributes.integer("captured", 0));
  const size_t own = is_if ? 0 : body.inputs().size() - captured;

  std::vector<ValueId> moved(body.value_count(), no_value);
  for (size_t i = own; i < body.inputs().size(); ++i)
    moved[body.inputs()[i]] = given.at(i + (is_if ? 1 : 0));
  for (size_t i = 0; i < moved.size(); ++i) {
    const GraphValue& value = body.value(static_cast<ValueId>(i));
    if (moved[i] == no_value) {
      GraphValue copy = value;
      copy.producer = no_node;
      moved[i] = graph_.add_value(std::move(copy));
    }
    scopes_[scope].values.emplace(value.name, moved[i]);
  }
  for (NodeId id : body.order()) {
    Node node = body.node(id);
    for (auto* values : {&node.inputs, &node.outputs})
      for (ValueId& value : *values)
        if (value != no_value) value = moved[value];
    open(graph_.add_node(std::move(node)), scope);
  }
}

void OriginalGraph::share_equal_values() {
  first_equal_.resize(graph_.value_count());
  std::iota(first_equal_.begin(), first_equal_.end(), 0);
  std::map<std::string, ValueId> constants;
  for (ValueId& value : first_equal_) {
    if (!graph_.value(value).constant) continue;
    const std::string key = key_of(*graph_.value(value).constant);
    if (!key.empty()) value = constants.emplace(key, value).first->second;
  }
  std::map<std::string, std::vector<NodeId>> seen;
  for (NodeId id : graph_.order()) {
    Node& node = graph_.node(id);
    for (ValueId& input : node.inputs)
      if (input != no_value) input = first_equal_[input];
    if (!may_be_shared(node)) continue;
    std::vector<NodeId>& alike = seen[key_of(node)];
    const auto same = std::find_if(alike.begin(), alike.end(), [&](NodeId other) {
      return graph_.node(other).attributes == node.attributes;
    });
    if (same == alike.end()) {
      alike.push_back(id);
      continue;
    }
    for (size_t i = 0; i < node.outputs.size(); ++i)
      if (const ValueId first = graph_.node(*same).outputs[i];
          node.outputs[i] != no_value && first != no_value)
        first_equal_[node.outputs[i]] = first;
  }
}

ValueId OriginalGraph::find(const std::string& name, const ValueType& type, Scope scope) const {
  if (scope == nowhere) return no_value;
  const auto found = scopes_[scope].values.find(name);
  if (found == scopes_[scope].values.end()) return no_value;
  const ValueType& own = graph_.type(found->second);
  if (own.kind != type.kind || !may_hold(type.element, own.element)) return no_value;
  if (own.has_rank() && type.has_rank() && own.rank() != type.rank()) return no_value;
  return first_equal_[found->second];
}

OriginalGraph::Scope OriginalGraph::body(Scope scope, const Plan& plan, const Step& step,
                                         size_t region) const {
  if (scope == nowhere) return nowhere;
  const Names& names = scopes_[scope];
  const auto gives = [&](NodeId control) {
    return std::any_of(step.outputs.begin(), step.outputs.end(), [&](BufferId output) {
      if (output == no_buffer) return false;
      const auto value = names.values.find(plan.buffer(output).name);
      return value != names.values.end() && graph_.value(value->second).producer == control;
    });
  };
  const auto stands_for = [&](NodeId control) {
    const std::vector<std::string>& origin = graph_.node(control).origin.nodes;
    return std::any_of(origin.begin(), origin.end(), [&](const std::string& node) {
      return std::find(step.origin.begin(), step.origin.end(), node) != step.origin.end();
    });
  };
  for (const Body& body : names.bodies)
    if (body.region == region && graph_.node(body.control).is(step.problem.op) &&
        (gives(body.control) || stands_for(body.control)))
      return body.scope;
  return nowhere;
}

OriginalGraph::Scope OriginalGraph::home_of(const std::vector<std::string>& nodes) const {
  Scope innermost = nowhere;
  for (const std::string& node : nodes) {
    const auto owner = owners_.find(node);
    if (owner == owners_.end() || owner->second == nowhere) continue;
    if (innermost == nowhere || scopes_[owner->second].depth > scopes_[innermost].depth)
      innermost = owner->second;
  }
  return innermost;
}

}  // namespace cermet
