// NonZero and NonMaxSuppression give their results with zeros behind, up to the largest size, and a
// count, by which they are cut then: what computes them has not to know the size. Compress becomes
// NonZero and Gather, Unique that gives sorted elements becomes TopK, NonZero and Gather. Only for
// machines on which that is better: see CostOracle::pads_results.
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
    if (node.op == "Unique") return unique(id);
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
    patch.replace(
        graph_.node(id).outputs[0],
        patch.add(node_of("Slice", {results[0], integer(patch, 0), end, integer(patch, axis)})));
    return patch;
  }

  static ValueId integer(Patch& patch, int64_t value) {
    return patch.constant(Tensor::from(ElementType::int64, {1}, std::vector<int64_t>{value}));
  }

  static ValueId flat(Patch& patch, ValueId value) {
    return patch.add(node_of("Reshape", {value, integer(patch, -1)}));
  }

  static Attributes on_axis_0() {
    Attributes attributes;
    attributes.set("axis", int64_t{0});
    return attributes;
  }

  // Of sorted elements those that differ from the one before. TopK keeps equal elements in their
  // order, so that the first of each group is the first of the input too. NaNs come last and are
  // equal to each other.
  std::optional<Patch> unique(NodeId id) const {
    const Node& node = graph_.node(id);
    const ValueType& x = graph_.type(node.inputs[0]);
    const bool is_sorted = node.attributes.integer("sorted", 1) != 0;
    if (!is_sorted || node.attributes.has("axis") || !x.has_rank() ||
        !(is_integer(x.element) || is_floating(x.element)) || bit_width(x.element) < 8)
      return std::nullopt;
    Patch patch(graph_);
    patch.consume(id);
    const ValueId all = flat(patch, node.inputs[0]);
    const ValueId count = patch.add(node_of("Shape", {all}));
    Attributes smallest = on_axis_0();
    smallest.set("largest", int64_t{0});
    const auto sorted = patch.add_all(node_of("TopK", {all, count}, std::move(smallest)), 2);
    const ValueId marks = begins_of_groups(patch, sorted[0], count, is_floating(x.element));
    const ValueId places = flat(patch, patch.add(node_of("NonZero", {marks})));
    const auto gathered = [&](ValueId from) {
      return patch.add(node_of("Gather", {from, places}, on_axis_0()));
    };
    const auto wants = [&](size_t i) {
      return i < node.outputs.size() && node.outputs[i] != no_value;
    };
    if (wants(0)) patch.replace(node.outputs[0], gathered(sorted[0]));
    if (wants(1)) patch.replace(node.outputs[1], gathered(sorted[1]));
    if (!wants(2) && !wants(3)) return patch;
    Attributes wide;
    wide.set("to", static_cast<int64_t>(ElementType::int64));
    const ValueId groups = counted(patch, patch.add(node_of("Cast", {marks}, std::move(wide))));
    if (wants(2)) patch.replace(node.outputs[2], scattered(patch, sorted[1], sorted[1], groups));
    if (wants(3)) patch.replace(node.outputs[3], gathered(sizes_of_groups(patch, groups, count)));
    return patch;
  }

  // Sums of all up to each element, less one.
  static ValueId counted(Patch& patch, ValueId ones) {
    const ValueId axis = patch.constant(Tensor(ElementType::int64, {}));
    return patch.add(
        node_of("Sub", {patch.add(node_of("CumSum", {ones, axis})), integer(patch, 1)}));
  }

  static ValueId all_ones(Patch& patch, ValueId count) {
    Attributes attributes;
    attributes.set("value", Tensor::from(ElementType::int64, {1}, std::vector<int64_t>{1}));
    return patch.add(node_of("ConstantOfShape", {count}, std::move(attributes)));
  }

  static ValueId scattered(Patch& patch, ValueId into, ValueId at, ValueId values,
                           std::string_view reduction = "none") {
    Attributes attributes = on_axis_0();
    attributes.set("reduction", std::string(reduction));
    return patch.add(node_of("ScatterElements", {into, at, values}, std::move(attributes)));
  }

  // Whether a sorted element is the first of all or differs from the one before. All has the size
  // of `sorted` by its type, which cuts and concatenations would hide.
  static ValueId begins_of_groups(Patch& patch, ValueId sorted, ValueId count, bool has_nans) {
    const ValueId place = counted(patch, all_ones(patch, count)), zero = integer(patch, 0);
    const ValueId before =
        patch.add(node_of("Max", {patch.add(node_of("Sub", {place, integer(patch, 1)})), zero}));
    const ValueId other = patch.add(node_of("Gather", {sorted, before}, on_axis_0()));
    ValueId same = patch.add(node_of("Equal", {sorted, other}));
    if (has_nans)
      same = patch.add(
          node_of("Or", {same, patch.add(node_of("And", {patch.add(node_of("IsNaN", {sorted})),
                                                         patch.add(node_of("IsNaN", {other}))}))}));
    const ValueId later = patch.add(node_of("Greater", {place, zero}));
    return patch.add(node_of("Not", {patch.add(node_of("And", {same, later}))}));
  }

  // By sorted element how many its group has.
  static ValueId sizes_of_groups(Patch& patch, ValueId groups, ValueId count) {
    const ValueId ones = all_ones(patch, count);
    const ValueId zeros = patch.add(node_of("Sub", {ones, integer(patch, 1)}));
    const ValueId sizes = scattered(patch, zeros, groups, ones, "add");
    return patch.add(node_of("Gather", {sizes, groups}, on_axis_0()));
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
    Attributes attributes;
    attributes.set("axis", node.attributes.integer("axis", 0));
    const ValueId places = flat(patch, patch.add(node_of("NonZero", {node.inputs[1]})));
    const ValueId from = node.attributes.has("axis") ? node.inputs[0] : flat(patch, node.inputs[0]);
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
