#include "passes/match.h"

#include "base/scalar.h"

namespace cermet {

std::optional<std::vector<int64_t>> known_integers(const Graph& graph, ValueId id) {
  if (const Tensor* tensor = constant_of(graph, id))
    return load_integers(tensor->view(), graph.value(id).name);
  if (id == no_value) return std::nullopt;
  const auto& contents = graph.value(id).contents;
  if (contents && all_constant(*contents)) return constants(*contents);
  return std::nullopt;
}

std::optional<std::vector<int64_t>> permutation_of(const Graph& graph, const Node& node) {
  const ValueType& type = graph.type(node.inputs[0]);
  if (!type.has_rank()) return std::nullopt;
  std::vector<int64_t> backward(type.rank());
  for (int d = 0; d < type.rank(); ++d) backward[d] = type.rank() - 1 - d;
  return node.attributes.integers("perm", backward);
}

std::optional<std::vector<int64_t>> reshape_target(const ValueType& type) {
  if (!type.has_rank()) return std::nullopt;
  std::vector<int64_t> shape;
  int free = 0;
  for (const Dim& dim : *type.dims) {
    if (dim.is_constant(0)) return std::nullopt;  // 0 would mean: copy the size
    shape.push_back(dim.is_constant() ? dim.constant() : -1);
    free += !dim.is_constant();
  }
  if (free > 1) return std::nullopt;
  return shape;
}

Recipe derived_recipe(const Graph& graph, const std::vector<ValueId>& from, std::string operation) {
  Recipe recipe;
  for (ValueId id : from) {
    if (id == no_value || !graph.value(id).constant) continue;
    const Recipe& part = graph.value(id).constant->recipe;
    recipe.initializers.insert(recipe.initializers.end(), part.initializers.begin(),
                               part.initializers.end());
    recipe.operations.insert(recipe.operations.end(), part.operations.begin(),
                             part.operations.end());
  }
  recipe.operations.push_back(std::move(operation));
  return recipe;
}

}  // namespace cermet
