#include "ir/graph.h"

#include <algorithm>
#include <deque>

#include "base/error.h"

namespace cermet {

void Origin::merge(const Origin& other) {
  for (const std::string& node : other.nodes)
    if (std::find(nodes.begin(), nodes.end(), node) == nodes.end()) nodes.push_back(node);
}

Node::Node() = default;
Node::Node(const Node&) = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(const Node&) = default;
Node& Node::operator=(Node&&) noexcept = default;
Node::~Node() = default;

std::string Graph::unique_name(std::string_view stem) const {
  std::string name(stem.empty() ? "value" : stem);
  if (!names_.contains(name)) return name;
  for (int i = names_.find(name)->second;; ++i) {
    std::string candidate = fmt::format("{}_{}", name, i);
    if (!names_.contains(candidate)) return candidate;
  }
}

Dim Graph::new_symbol(std::string_view hint) {
  return Dim::symbol(fmt::format("{}{}.{}", data_symbol_prefix, hint, (*next_symbol_)++));
}

ValueId Graph::add_value(GraphValue value) {
  const std::string stem = value.name;
  value.name = unique_name(stem);
  if (value.name != stem) ++names_[stem];
  names_.emplace(value.name, 1);
  values_.push_back(std::move(value));
  return static_cast<ValueId>(values_.size() - 1);
}

void Graph::rename(ValueId id, std::string_view name) {
  if (values_[id].name == name) return;
  names_.erase(values_[id].name);
  const std::string stem(name);
  values_[id].name = unique_name(stem);
  if (values_[id].name != stem) ++names_[stem];
  names_.emplace(values_[id].name, 1);
}

ValueId Graph::add_input(std::string name, ValueType type) {
  GraphValue value;
  value.name = std::move(name);
  value.type = std::move(type);
  const ValueId id = add_value(std::move(value));
  inputs_.push_back(id);
  return id;
}

ValueId Graph::add_constant(std::string name, Tensor tensor, Recipe recipe) {
  GraphValue value;
  value.name = std::move(name);
  value.type = ValueType::tensor(tensor.type(), to_dims(tensor.shape()));
  value.constant = std::make_shared<const Constant>(Constant{std::move(tensor), std::move(recipe)});
  return add_value(std::move(value));
}

NodeId Graph::add_node(Node node) {
  const NodeId id = static_cast<NodeId>(nodes_.size());
  for (ValueId output : node.outputs)
    if (output != no_value) values_[output].producer = id;
  nodes_.emplace_back(std::move(node));
  return id;
}

void Graph::remove_node(NodeId id) {
  for (ValueId output : nodes_[id]->outputs)
    if (output != no_value && values_[output].producer == id) values_[output].producer = no_node;
  nodes_[id].reset();
}

const Node* Graph::producer(ValueId id) const {
  if (id == no_value || values_[id].producer == no_node) return nullptr;
  return &*nodes_[values_[id].producer];
}

std::vector<NodeId> Graph::order() const {
  std::vector<int> waiting(nodes_.size(), 0);
  std::vector<std::vector<NodeId>> readers(nodes_.size());
  std::vector<bool> done(nodes_.size(), false);
  std::vector<NodeId> result;
  for (NodeId id = 0; id < static_cast<NodeId>(nodes_.size()); ++id) {
    if (!alive(id)) continue;
    for (ValueId input : nodes_[id]->inputs) {
      const NodeId from = input == no_value ? no_node : values_[input].producer;
      if (from == no_node) continue;
      readers[from].push_back(id);
      ++waiting[id];
    }
  }
  std::set<NodeId> ready;
  size_t living = 0;
  for (NodeId id = 0; id < static_cast<NodeId>(nodes_.size()); ++id) {
    living += alive(id);
    if (alive(id) && waiting[id] == 0) ready.insert(id);
  }
  while (!ready.empty()) {
    const NodeId id = *ready.begin();
    ready.erase(ready.begin());
    result.push_back(id);
    for (NodeId reader : readers[id])
      if (--waiting[reader] == 0) ready.insert(reader);
  }
  if (result.size() == living) return result;
  for (NodeId id = 0; id < static_cast<NodeId>(nodes_.size()); ++id)
    if (alive(id) && waiting[id] > 0)
      fail(ErrorCode::invalid_model, "graph '{}': node '{}' ({}) depends on its own result", name,
           nodes_[id]->name, nodes_[id]->op);
  return result;
}

std::vector<std::vector<NodeId>> Graph::consumers() const {
  std::vector<std::vector<NodeId>> result(values_.size());
  for (NodeId id = 0; id < static_cast<NodeId>(nodes_.size()); ++id) {
    if (!alive(id)) continue;
    for (ValueId input : nodes_[id]->inputs)
      if (input != no_value) result[input].push_back(id);
  }
  return result;
}

bool Graph::is_output(ValueId id) const {
  return std::find(outputs_.begin(), outputs_.end(), id) != outputs_.end();
}

void Graph::replace_uses(ValueId from, ValueId to) {
  for (auto& node : nodes_)
    if (node) std::replace(node->inputs.begin(), node->inputs.end(), from, to);
  std::replace(outputs_.begin(), outputs_.end(), from, to);
}

void Graph::compact() {
  const std::vector<NodeId> sequence = order();
  std::vector<bool> used(values_.size(), false);
  const auto mark = [&](const std::vector<ValueId>& ids) {
    for (ValueId id : ids)
      if (id != no_value) used[id] = true;
  };
  mark(inputs_);
  mark(outputs_);
  for (NodeId id : sequence) {
    mark(nodes_[id]->inputs);
    mark(nodes_[id]->outputs);
  }
  Graph fresh;
  fresh.name = name;
  fresh.next_symbol_ = next_symbol_;
  std::vector<ValueId> moved(values_.size(), no_value);
  for (size_t i = 0; i < values_.size(); ++i) {
    if (!used[i]) continue;
    values_[i].producer = no_node;
    moved[i] = fresh.add_value(std::move(values_[i]));
  }
  const auto renumber = [&](std::vector<ValueId>& ids) {
    for (ValueId& id : ids)
      if (id != no_value) id = moved[id];
  };
  renumber(inputs_);
  renumber(outputs_);
  fresh.inputs_ = std::move(inputs_);
  fresh.outputs_ = std::move(outputs_);
  fresh.output_names_ = std::move(output_names_);
  for (NodeId id : sequence) {
    renumber(nodes_[id]->inputs);
    renumber(nodes_[id]->outputs);
    fresh.add_node(std::move(*nodes_[id]));
  }
  *this = std::move(fresh);
}

}  // namespace cermet
