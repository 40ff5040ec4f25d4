// A product of rows that a reshape has joined, whose result another reshape takes apart again,
// multiplies the rows as they were: then no reshape stands between it and what comes before and
// after.
#include <algorithm>

#include "passes/elementwise.h"
#include "passes/match.h"
#include "passes/passes.h"
#include "passes/reshape_groups.h"

namespace cermet {
namespace {

class Unflattening {
 public:
  explicit Unflattening(const Graph& graph) : graph_(graph), uses_(graph) {}

  std::optional<Patch> at(NodeId id) const {
    const Node& product = graph_.node(id);
    if (!joins_rows(product)) return std::nullopt;
    std::vector<NodeId> chain{id};
    NodeId next = uses_.only_reader(product.outputs[0]);
    for (; next != no_node && works_on_columns(graph_.node(next), chain.back());
         next = uses_.only_reader(graph_.node(next).outputs[0]))
      chain.push_back(next);
    if (next == no_node || !is_reshaping(graph_.node(next))) return std::nullopt;
    const auto shape = rows_apart(product, graph_.node(next));
    return shape ? std::optional(patch_of(chain, next, *shape)) : std::nullopt;
  }

 private:
  bool joins_rows(const Node& node) const {
    if (!node.is("MatMul") || node.epilogue) return false;
    const Node* before = graph_.producer(node.inputs[0]);
    if (before == nullptr || !is_reshaping(*before)) return false;
    return rank(node.inputs[0]) == 2 && rank(node.inputs[1]) == 2;
  }

  int rank(ValueId id) const {
    const ValueType& type = graph_.type(id);
    return type.has_rank() ? type.rank() : -1;
  }

  // An elementwise node whose other operands are constants that are the same for all rows.
  bool works_on_columns(const Node& node, NodeId before) const {
    if (!elementwise_expression(graph_, node)) return false;
    const ValueId joint = graph_.node(before).outputs[0];
    if (graph_.type(node.outputs[0]).dims != graph_.type(joint).dims) return false;
    return std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) {
      if (id == no_value || id == joint) return true;
      const Tensor* tensor = constant_of(graph_, id);
      if (tensor == nullptr) return false;
      const Shape& shape = tensor->shape();
      return shape.empty() || shape.size() == 1 || (shape.size() == 2 && shape[0] == 1);
    });
  }

  // The shape of the left factor, with the rows of the last reshape's result.
  std::optional<std::vector<int64_t>> rows_apart(const Node& product, const Node& reshape) const {
    const ValueType& result = graph_.type(reshape.outputs[0]);
    const Dims &left = *graph_.type(product.inputs[0]).dims,
               &flat = *graph_.type(reshape.inputs[0]).dims;
    if (!result.has_rank() || result.rank() < 3) return std::nullopt;
    ValueType rows = result;
    Dims leading = *result.dims;
    leading.pop_back();
    if (!(result.dims->back() == flat[1]) || !(product_of(leading) == flat[0])) return std::nullopt;
    rows.dims->back() = left[1];
    return reshape_target(rows);
  }

  static Dim product_of(const Dims& dims) { return cermet::product(dims); }

  Patch patch_of(const std::vector<NodeId>& chain, NodeId last,
                 const std::vector<int64_t>& shape) const {
    Patch patch(graph_);
    patch.consume(last);
    for (NodeId id : chain) patch.rest_on(id);
    Node rows;
    rows.op = "Reshape";
    rows.name = graph_.node(last).name;
    rows.origin = graph_.node(last).origin;
    rows.inputs = {graph_.node(chain[0]).inputs[0],
                   patch.constant(Tensor::from(ElementType::int64,
                                               {static_cast<int64_t>(shape.size())}, shape))};
    ValueId value = patch.add(std::move(rows));
    for (size_t i = 0; i < chain.size(); ++i) {
      Node node = Patch::copy_of(graph_.node(chain[i]));
      const ValueId joint = i == 0 ? node.inputs[0] : graph_.node(chain[i - 1]).outputs[0];
      std::replace(node.inputs.begin(), node.inputs.end(), joint, value);
      value = patch.add(std::move(node));
    }
    patch.replace(graph_.node(last).outputs[0], value);
    return patch;
  }

  const Graph& graph_;
  const Uses uses_;
};

}  // namespace

std::vector<Patch> unflatten_products(const Graph& graph) {
  const Unflattening unflattening(graph);
  std::vector<Patch> patches;
  for (NodeId id : graph.order())
    if (auto patch = unflattening.at(id)) patches.push_back(std::move(*patch));
  return patches;
}

}  // namespace cermet
