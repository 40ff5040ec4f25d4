// Attention whose queries, keys and values are heads split off and transposed to the front takes
// them as they were before, and the transpose moves behind it.
#include "passes/match.h"
#include "passes/passes.h"
#include "passes/permutation.h"

namespace cermet {
namespace {

constexpr size_t operands = 3;

ValueId reshaped(Patch& patch, ValueId value, const std::vector<int64_t>& shape) {
  Node node;
  node.op = "Reshape";
  node.inputs = {value, patch.constant(Tensor::from(ElementType::int64,
                                                    {static_cast<int64_t>(shape.size())}, shape))};
  return patch.add(std::move(node));
}

// The transpose that brings heads to the front, of [batch, length, heads, size].
const Node* split_heads(const Graph& graph, ValueId value) {
  const Node* node = graph.producer(value);
  if (node == nullptr || !node->is("Transpose")) return nullptr;
  const auto order = permutation_of(graph, *node);
  if (!order || *order != heads_first) return nullptr;
  const Dims& dims = *graph.type(node->inputs[0]).dims;
  for (size_t d : {2, 3})
    if (!dims[d].is_constant() || dims[d].constant() < 1) return nullptr;
  return node;
}

// The result alone, of nothing but queries, keys, values and a mask.
bool is_plain(const Graph& graph, const Node& node) {
  if (!node.is("Attention") || node.inputs.size() < operands || node.epilogue) return false;
  for (size_t i = operands + 1; i < node.inputs.size(); ++i)
    if (node.inputs[i] != no_value) return false;
  for (size_t i = 1; i < node.outputs.size(); ++i)
    if (node.outputs[i] != no_value) return false;
  const ValueType& result = graph.type(node.outputs[0]);
  return result.has_rank() && result.rank() == 4;
}

std::optional<Patch> packed(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  if (!is_plain(graph, node)) return std::nullopt;
  Patch patch(graph);
  patch.consume(id);
  Node attention = Patch::copy_of(node);
  for (size_t i = 0; i < operands; ++i) {
    const Node* split = split_heads(graph, node.inputs[i]);
    if (split == nullptr) return std::nullopt;
    const Dims& dims = *graph.type(split->inputs[0]).dims;
    const int64_t heads = dims[2].constant(), size = dims[3].constant();
    attention.inputs[i] = reshaped(patch, split->inputs[0], {0, 0, heads * size});
    if (i == 0) attention.attributes.set("q_num_heads", heads);
    if (i == 1) attention.attributes.set("kv_num_heads", heads);
  }
  const Dims& result = *graph.type(node.outputs[0]).dims;
  if (!result[1].is_constant() || !result[3].is_constant()) return std::nullopt;
  attention.outputs.clear();
  const ValueId rows = patch.add(std::move(attention));
  Node transpose;
  transpose.op = "Transpose";
  transpose.inputs = {reshaped(patch, rows, {0, 0, result[1].constant(), result[3].constant()})};
  transpose.attributes.set("perm", heads_first);
  patch.replace(node.outputs[0], patch.add(std::move(transpose)));
  return patch;
}

}  // namespace

std::vector<Patch> pack_heads(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId id : graph.order())
    if (auto patch = packed(graph, id)) patches.push_back(std::move(*patch));
  return patches;
}

}  // namespace cermet
