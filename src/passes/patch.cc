#include <algorithm>
#include <map>

#include "base/error.h"
#include "passes/pass.h"

namespace cermet {

void Patch::consume(NodeId id) {
  if (std::find(consumed_.begin(), consumed_.end(), id) == consumed_.end()) consumed_.push_back(id);
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

ValueId Patch::constant(Tensor tensor, Recipe recipe) {
  new_values_.push_back({std::move(tensor), std::move(recipe)});
  return first_new_ + static_cast<ValueId>(new_values_.size() - 1);
}

namespace {

using Substitution = std::map<std::string, Dim, std::less<>>;

void substitute(Dims& dims, const Substitution& values) {
  for (Dim& dim : dims) dim = dim.substitute(values);
}

ValueType substituted(ValueType type, const Substitution& values) {
  if (type.dims) substitute(*type.dims, values);
  if (type.inner) type.inner = std::make_shared<const ValueType>(substituted(*type.inner, values));
  return type;
}

void substitute_in(Graph& graph, const Substitution& values) {
  for (size_t i = 0; i < graph.value_count(); ++i) {
    GraphValue& value = graph.value(static_cast<ValueId>(i));
    value.type = substituted(std::move(value.type), values);
    if (value.contents) substitute(*value.contents, values);
  }
  for (NodeId id : graph.order())
    for (Graph& body : graph.node(id).subgraphs) substitute_in(body, values);
}

bool is_data_symbol(const Dim& dim) {
  const auto symbol = dim.as_symbol();
  return symbol && symbol->starts_with(data_symbol_prefix);
}

}  // namespace

class PatchApplier {
 public:
  PatchApplier(Graph& graph, const Patch& patch) : graph_(graph), patch_(patch) {}

  bool apply() {
    for (NodeId id : patch_.consumed_)
      if (!graph_.alive(id)) return false;
    if (!reads_living_values()) return false;
    Origin origin;
    for (NodeId id : patch_.consumed_) origin.merge(graph_.node(id).origin);
    make_values(origin);
    for (const auto& [from, to] : patch_.replaced_) replace(from, resolve(to));
    drop_consumed();
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

  void make_values(const Origin& origin) {
    made_.assign(patch_.new_values_.size(), no_value);
    const std::string stem = origin.nodes.empty() ? "patched" : origin.nodes.front();
    for (size_t i = 0; i < made_.size(); ++i)
      if (const auto& value = patch_.new_values_[i]; value.constant)
        made_[i] = graph_.add_constant(stem + ".constant", *value.constant, value.recipe);
    for (const Node& from : patch_.nodes_) {
      Node node = from;
      for (ValueId& input : node.inputs) input = resolve(input);
      const std::vector<ValueId> outputs = std::move(node.outputs);
      node.outputs.clear();
      if (node.name.empty()) node.name = stem;
      const std::vector<ValueId> results =
          GraphBuilder(graph_, origin).add_node(std::move(node), outputs.size());
      for (size_t i = 0; i < outputs.size(); ++i) {
        made_[outputs[i] - patch_.first_new_] = results[i];
        graph_.value(results[i]).makeshift = true;
      }
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
    const auto fits = [&] {
      if (before.kind != after.kind || before.element != after.element) return false;
      if (!before.has_rank() || !after.has_rank()) return true;
      return before.rank() == after.rank();
    };
    require(fits(), ErrorCode::internal, "a patch replaces '{}' of type {} by {}",
            graph_.value(from).name, before.to_string(), after.to_string());
    if (before.has_rank() && !after.has_rank()) graph_.value(to).type = before;
    if (!before.has_rank() || !after.has_rank()) return;
    Substitution values;
    for (int d = 0; d < before.rank(); ++d) {
      const Dim& old_dim = (*before.dims)[d];
      const Dim& new_dim = (*after.dims)[d];
      if (old_dim == new_dim) continue;
      require(!old_dim.is_constant() || !new_dim.is_constant(), ErrorCode::internal,
              "a patch replaces '{}' of type {} by {}", graph_.value(from).name, before.to_string(),
              after.to_string());
      if (is_data_symbol(old_dim))
        values.emplace(*old_dim.as_symbol(), new_dim);
      else if (is_data_symbol(new_dim))
        values.emplace(*new_dim.as_symbol(), old_dim);
    }
    if (!values.empty()) substitute_in(graph_, values);
  }

  void drop_consumed() {
    std::vector<NodeId> left(patch_.consumed_);
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
