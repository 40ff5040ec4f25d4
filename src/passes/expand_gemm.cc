// Gemm becomes a matrix product with transposes, scales and an addition as nodes of their own,
// which other passes fold into constants or fuse as the product's epilogue.
#include "base/error.h"
#include "passes/match.h"
#include "passes/passes.h"

namespace cermet {
namespace {

ValueId transposed(Patch& patch, ValueId value) {
  Node node;
  node.op = "Transpose";
  node.inputs = {value};
  node.attributes.set("perm", std::vector<int64_t>{1, 0});
  return patch.add(std::move(node));
}

ValueId scaled(Patch& patch, ValueId value, double factor, ElementType type) {
  if (factor == 1) return value;
  Tensor constant(type, {});
  store_element<double>(constant.view(), 0, factor);
  Node node;
  node.op = "Mul";
  node.inputs = {value, patch.constant(std::move(constant))};
  return patch.add(std::move(node));
}

// Scales of integer products would have to be integers; scaled half precision would round twice.
bool scales_inexactly(const Graph& graph, const Node& node) {
  const ElementType type = graph.type(node.outputs[0]).element;
  const bool scales =
      node.attributes.number("alpha", 1) != 1 || node.attributes.number("beta", 1) != 1;
  return scales && type != ElementType::float32 && type != ElementType::float64;
}

}  // namespace

std::vector<Patch> expand_gemm(const Graph& graph) {
  std::vector<Patch> patches;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (!node.is("Gemm") || node.epilogue) continue;
    if (scales_inexactly(graph, node)) continue;
    const ElementType type = graph.type(node.outputs[0]).element;
    const double alpha = node.attributes.number("alpha", 1);
    const double beta = node.attributes.number("beta", 1);
    Patch patch(graph);
    patch.consume(id);
    const bool transpose_a = node.attributes.integer("transA", 0) != 0;
    const bool transpose_b = node.attributes.integer("transB", 0) != 0;
    Node product;
    product.op = "MatMul";
    product.name = node.name;
    product.inputs = {transpose_a ? transposed(patch, node.inputs[0]) : node.inputs[0],
                      transpose_b ? transposed(patch, node.inputs[1]) : node.inputs[1]};
    ValueId result = scaled(patch, patch.add(std::move(product)), alpha, type);
    if (node.input(2) != no_value && beta != 0) {
      Node sum;
      sum.op = "Add";
      sum.inputs = {result, scaled(patch, node.inputs[2], beta, type)};
      result = patch.add(std::move(sum));
    }
    patch.replace(node.outputs[0], result);
    patches.push_back(std::move(patch));
  }
  return patches;
}

void near_expand_gemm(const Graph& graph, NearFusions& near) {
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (!node.is("Gemm") || node.epilogue || !scales_inexactly(graph, node)) continue;
    near.add(graph, {id},
             fmt::format("alpha is {} and beta {}: scaling {} apart from the product is not exact",
                         node.attributes.number("alpha", 1), node.attributes.number("beta", 1),
                         name(graph.type(node.outputs[0]).element)));
  }
}

}  // namespace cermet
