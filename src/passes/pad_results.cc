// NonZero and NonMaxSuppression give their results with zeros behind, up to the largest size, and a
// count, by which they are cut then: what computes them has not to know the size. Compress becomes
// NonZero and Gather. Only for machines on which that is better: see CostOracle::pads_results.
#include <algorithm>
#include <utility>

#include "passes/match.h"
#include "passes/passes.h"

namespace cermet {
namespace {

Node node_of(std::string_view op, std::vector<ValueId> inputs, Attributes attributes = {}) {
  Node node;
  node.op = op;
  node.inputs = std::move(inputs);
  node.attributes = std::move(attributes);
  return node;
}

class PaddedResults {
 public:
  explicit PaddedResults(const Graph& graph) : graph_(graph) {}

  std::optional<Patch> at(NodeId id) const {
    const Node& node = graph_.node(id);
    if (!node.domain.empty()) return std::nullopt;
    if (node.op == "NonZero") return nonzero(id);
    if (node.op == "NonMaxSuppression") return suppression(id);
    if (node.op == "Compress") return compress(id);
    return std::nullopt;
  }

 private:
  std::optional<Patch> nonzero(NodeId id) const {
    const ValueType& x = graph_.type(graph_.node(id).inputs[0]);
    if (!x.has_rank() || x.element == ElementType::string) return std::nullopt;
    return padded(id, "PaddedNonZero", 1);
  }

  std::optional<Patch> suppression(NodeId id) const {
    const Node& node = graph_.node(id);
    const ValueType& scores = graph_.type(node.inputs[1]);
    if (!scores.has_rank() || scores.rank() != 3 || node.input(2) == no_value) return std::nullopt;
    // As an attribute: the operand's value bounds the result only where it is constant.
    const Tensor* const most = constant_of(graph_, node.input(2));
    std::optional<int64_t> bound;
    if (most != nullptr && most->elements() == 1)
      bound = std::max<int64_t>(0, *most->as<int64_t>());
    return padded(id, "PaddedNonMaxSuppression", 0, bound);
  }

  // Something as long as the count makes a size of it, to which the result is cut.
  std::optional<Patch> padded(NodeId id, std::string_view op, int64_t axis,
                              std::optional<int64_t> most = {}) const {
    Patch patch(graph_);
    patch.consume(id);
    Node all = Patch::copy_of(graph_.node(id));
    all.domain = "cermet";
    all.op = op;
    all.name.clear();
    if (most) all.attributes.set("most", *most);
    const auto results = patch.add_all(std::move(all), 2);
    const ValueId as_long = patch.add(node_of("ConstantOfShape", {results[1]}, one_byte()));
    const ValueId end = patch.add(node_of("Shape", {as_long}));
    const auto integer = [&](int64_t value) {
      return patch.constant(Tensor::from(ElementType::int64, {1}, std::vector<int64_t>{value}));
    };
    patch.replace(graph_.node(id).outputs[0],
                  patch.add(node_of("Slice", {results[0], integer(0), end, integer(axis)})));
    return patch;
  }

  static Attributes one_byte() {
    Attributes attributes;
    attributes.set("value", Tensor(ElementType::boolean, {1}));
    return attributes;
  }

  std::optional<Patch> compress(NodeId id) const {
    const Node& node = graph_.node(id);
    const ValueType &x = graph_.type(node.inputs[0]), &marks = graph_.type(node.inputs[1]);
    if (!x.has_rank() || x.rank() == 0 || !marks.has_rank() || marks.rank() != 1)
      return std::nullopt;
    Patch patch(graph_);
    patch.consume(id);
    const auto reshaped = [&](ValueId value) {
      return patch.add(
          node_of("Reshape", {value, patch.constant(Tensor::from(ElementType::int64, {1},
                                                                 std::vector<int64_t>{-1}))}));
    };
    Attributes attributes;
    attributes.set("axis", node.attributes.integer("axis", 0));
    const ValueId places = reshaped(patch.add(node_of("NonZero", {node.inputs[1]})));
    const ValueId from = node.attributes.has("axis") ? node.inputs[0] : reshaped(node.inputs[0]);
    patch.replace(node.outputs[0],
                  patch.add(node_of("Gather", {from, places}, std::move(attributes))));
    return patch;
  }

  const Graph& graph_;
};

}  // namespace

std::vector<Patch> pad_results(const Graph& graph, const CostOracle& costs) {
  std::vector<Patch> patches;
  if (!costs.pads_results()) return patches;
  const PaddedResults results(graph);
  for (NodeId id : graph.order())
    if (auto patch = results.at(id)) patches.push_back(std::move(*patch));
  return patches;
}

}  // namespace cermet
