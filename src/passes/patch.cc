#include <algorithm>
#include <map>

#include "base/error.h"
#include "passes/pass.h"
#include "passes/symbols.h"

namespace cermet {

void Patch::consume(NodeId id) {
  if (std::find(consumed_.begin(), consumed_.end(), id) == consumed_.end()) consumed_.push_back(id);
  rest_on(id);
}

void Patch::rest_on(NodeId id) {
  if (std::find(rests_on_.begin(), rests_on_.end(), id) == rests_on_.end()) rests_on_.push_back(id);
}

std::vector<ValueId> Patch::add_all(Node node, size_t outputs) {
  node.outputs.clear();
  for (size_t i = 0; i < outputs; ++i) {
    node.outputs.push_back(first_new_ + static_cast<ValueId>(new_values_.size()));
    new_values_.emplace_back();
  }
  nodes_.push_back(std::move(node));
  return nodes_.back().outputs;
}

std::vector<ValueId> Patch::add_copy(Node node) {
  for (ValueId& output : node.outputs) {
    if (output == no_value) continue;
    output = first_new_ + static_cast<ValueId>(new_values_.size());
    new_values_.emplace_back();
  }
  nodes_.push_back(std::move(node));
  return nodes_.back().outputs;
}

std::vector<ValueId> Patch::add_typed(Node node, const Graph& made) {
  const std::vector<ValueId> outputs = node.outputs;
  const std::vector<ValueId> results = add_copy(std::move(node));
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i] == no_value) continue;
    GraphValue& typed = new_values_[results[i] - first_new_].typed.emplace();
    typed.type = made.type(outputs[i]);
    typed.contents = made.value(outputs[i]).contents;
  }
  return results;
}

ValueId Patch::constant(Tensor tensor, Recipe recipe) {
  new_values_.push_back({std::move(tensor), std::move(recipe), std::nullopt});
  return first_new_ + static_cast<ValueId>(new_values_.size() - 1);
}

class PatchApplier {
 public:
  PatchApplier(Graph& graph, const Patch& patch) : graph_(graph), patch_(patch) {}

  bool apply() {
    for (NodeId id : patch_.rests_on_)
      if (!graph_.alive(id)) return false;
    if (!reads_living_values()) return false;
    if (patch_.may_be_void_ && !types_fit()) return false;
    Origin origin;
    for (NodeId id : patch_.consumed_) origin.merge(graph_.node(id).origin);
    make_values(origin);
    for (const auto& [from, to] : patch_.replaced_) replace(from, resolve(to));
    drop_replaced();
    return true;
  }

 private:
  bool is_new(ValueId id) const { return id >= patch_.first_new_; }
  ValueId resolve(ValueId id) const {
    if (id == no_value || !is_new(id)) return id;
    return made_[id - patch_.first_new_];
  }

  // An earlier patch may have removed what this one was going to read.
  bool reads_living_values() const {
    const auto living = [&](ValueId id) {
      if (id == no_value || is_new(id)) return true;
      const GraphValue& value = graph_.value(id);
      if (value.constant || value.producer != no_node) return true;
      return std::find(graph_.inputs().begin(), graph_.inputs().end(), id) != graph_.inputs().end();
    };
    for (const Node& node : patch_.nodes_)
      if (!std::all_of(node.inputs.begin(), node.inputs.end(), living)) return false;
    return std::all_of(patch_.replaced_.begin(), patch_.replaced_.end(),
                       [&](const auto& pair) { return living(pair.first) && living(pair.second); });
  }

  bool types_fit() const {
    std::map<ValueId, ValueType> types;  // of new values
    try {
      for (const Node& node : patch_.nodes_) {
        const auto inferred = infer_node(graph_, node);
        for (size_t i = 0; i < node.outputs.size(); ++i)
          if (node.outputs[i] != no_value) types.emplace(node.outputs[i], inferred[i].type);
      }
    } catch (const Error&) {
      return false;
    }
    return std::all_of(patch_.replaced_.begin(), patch_.replaced_.end(), [&](const auto& pair) {
      return may_replace(graph_.type(pair.first), types.at(pair.second));
    });
  }

  void make_values(const Origin& origin) {
    made_.assign(patch_.new_values_.size(), no_value);
    const std::string stem = !origin.nodes.empty()       ? origin.nodes.front()
                             : !patch_.rests_on_.empty() ? graph_.node(patch_.rests_on_[0]).name
                                                         : "patched";
    for (size_t i = 0; i < made_.size(); ++i)
      if (const auto& value = patch_.new_values_[i]; value.constant)
        made_[i] = graph_.add_constant(stem + ".constant", *value.constant, value.recipe);
    for (const Node& from : patch_.nodes_) {
      Node node = from;
      for (ValueId& input : node.inputs) input = resolve(input);
      if (node.name.empty()) node.name = stem;
      if (is_typed(node))
        add_typed(std::move(node), origin);
      else
        add_inferred(std::move(node), origin);
    }
  }

  bool is_typed(const Node& node) const {
    return std::any_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) {
      return id != no_value && patch_.new_values_[id - patch_.first_new_].typed;
    });
  }

  void add_typed(Node node, const Origin& origin) {
    node.origin.merge(origin);
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] == no_value) continue;
      const size_t place = node.outputs[i] - patch_.first_new_;
      GraphValue value = *patch_.new_values_[place].typed;
      value.name = i == 0 ? node.name : fmt::format("{}:{}", node.name, i);
      value.makeshift = true;
      node.outputs[i] = made_[place] = graph_.add_value(std::move(value));
    }
    graph_.add_node(std::move(node));
  }

  void add_inferred(Node node, const Origin& origin) {
    const std::vector<ValueId> outputs = std::move(node.outputs);
    node.outputs.clear();
    const std::vector<ValueId> results =
        GraphBuilder(graph_, origin).add_node(std::move(node), outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i) take_output(outputs[i], results[i], i);
  }

  // Outputs that the node does not have stay absent.
  void take_output(ValueId id, ValueId result, size_t i) {
    if (id == no_value) {
      graph_.node(graph_.value(result).producer).outputs[i] = no_value;
    } else {
      made_[id - patch_.first_new_] = result;
      graph_.value(result).makeshift = true;
    }
  }

  void replace(ValueId from, ValueId to) {
    agree(from, to);
    std::string name = graph_.value(from).name;
    const bool loses_none = graph_.value(to).makeshift && !graph_.value(from).makeshift;
    const bool takes_name =
        graph_.value(to).producer != no_node && (to >= patch_.first_new_ || loses_none);
    graph_.replace_uses(from, to);
    if (!graph_.value(to).contents) graph_.value(to).contents = graph_.value(from).contents;
    if (!takes_name) return;
    graph_.rename(from, name + ".replaced");
    graph_.rename(to, name);
    std::swap(graph_.value(to).makeshift, graph_.value(from).makeshift);
  }

  // Types have to agree; where one has a symbol of data and the other says more, the symbol goes.
  void agree(ValueId from, ValueId to) {
    const ValueType before = graph_.type(from);
    const ValueType after = graph_.type(to);
    require(may_replace(before, after), ErrorCode::internal,
            "a patch replaces '{}' of type {} by {}", graph_.value(from).name, before.to_string(),
            after.to_string());
    if (before.has_rank() && !after.has_rank() && graph_.value(to).producer != no_node)
      graph_.value(to).type = before;
    if (!before.has_rank() || !after.has_rank()) return;
    Substitution values;
    for (int d = 0; d < before.rank(); ++d) {
      const Dim& old_dim = (*before.dims)[d];
      const Dim& new_dim = (*after.dims)[d];
      if (old_dim == new_dim) continue;
      if (old_dim.is_data_symbol())
        values.emplace(*old_dim.as_symbol(), new_dim);
      else if (new_dim.is_data_symbol())
        values.emplace(*new_dim.as_symbol(), old_dim);
    }
    if (!values.empty()) substitute_in(graph_, values);
  }

  void drop_replaced() {
    const std::vector<NodeId>& left = patch_.rests_on_;
    // A node may be dead only after another one is gone.
    for (bool removed = true; removed;) {
      removed = false;
      const auto readers = graph_.consumers();
      for (NodeId id : left) {
        if (!graph_.alive(id)) continue;
        const auto& outputs = graph_.node(id).outputs;
        const bool read = std::any_of(outputs.begin(), outputs.end(), [&](ValueId v) {
          return v != no_value && (!readers[v].empty() || graph_.is_output(v));
        });
        if (read) continue;
        graph_.remove_node(id);
        removed = true;
      }
    }
  }

  Graph& graph_;
  const Patch& patch_;
  std::vector<ValueId> made_;
};

bool apply_patch(Graph& graph, const Patch& patch) { return PatchApplier(graph, patch).apply(); }

}  // namespace cermet
