// Channels of an image in another order, such as blue, green and red for red, green and blue: the
// weights of the convolution that reads them take the order.
#include <algorithm>
#include <limits>
#include <numeric>

#include "passes/match.h"
#include "passes/passes.h"

namespace cermet {
namespace {

using Order = std::vector<int64_t>;

// Element i along `axis` is element order[i] of `from`.
struct Reordered {
  ValueId from = no_value;
  Order order;
  std::vector<NodeId> nodes;
};

bool is_permutation_of(Order order, int64_t size) {
  std::sort(order.begin(), order.end());
  Order all(size);
  std::iota(all.begin(), all.end(), 0);
  return order == all;
}

int64_t axis_of(const Graph& graph, const Node& node, int64_t otherwise) {
  const int64_t axis = node.attributes.integer("axis", otherwise);
  return axis < 0 ? axis + graph.type(node.outputs[0]).rank() : axis;
}

class ChannelOrders {
 public:
  explicit ChannelOrders(const Graph& graph) : graph_(graph), uses_(graph) {}

  std::optional<Patch> at(NodeId id) const {
    const Node& node = graph_.node(id);
    const Tensor* weights = constant_of(graph_, node.input(1));
    if (!node.is("Conv") || weights == nullptr || node.attributes.integer("group", 1) != 1)
      return std::nullopt;
    const Node* before = graph_.producer(node.inputs[0]);
    if (before == nullptr || uses_.only_reader(node.inputs[0]) == no_node) return std::nullopt;
    const int64_t channels = weights->shape()[1];
    const bool turned = before->is("Transpose");
    const ValueId joint = turned ? before->inputs[0] : node.inputs[0];
    const int64_t axis = turned ? (*permutation_of(graph_, *before))[1] : 1;
    if (uses_.only_reader(joint) == no_node) return std::nullopt;
    const auto found = reordered(joint, axis, channels);
    if (!found) return std::nullopt;
    Patch patch(graph_);
    patch.consume(id);
    for (NodeId member : found->nodes) patch.consume(member);
    Node convolution = Patch::copy_of(node);
    convolution.inputs[0] = found->from;
    if (turned) {
      Node transpose = Patch::copy_of(*before);
      transpose.inputs = {found->from};
      convolution.inputs[0] = patch.add(std::move(transpose));
    }
    convolution.inputs[1] =
        patch.constant(reordered_weights(*weights, found->order),
                       derived_recipe(graph_, {node.inputs[1]}, "reorder input channels"));
    patch.replace(node.outputs[0], patch.add(std::move(convolution)));
    return patch;
  }

 private:
  std::optional<Reordered> reordered(ValueId id, int64_t axis, int64_t size) const {
    const NodeId producer = graph_.value(id).producer;
    if (producer == no_node) return std::nullopt;
    const Node& node = graph_.node(producer);
    Reordered found;
    found.nodes = {producer};
    if (node.is("Concat") ? axis_of(graph_, node, 0) == axis && joined(node, axis, found)
                          : picked(node, axis, size, found)) {
      const bool changes = !std::is_sorted(found.order.begin(), found.order.end());
      if (changes && is_permutation_of(found.order, size) &&
          graph_.type(found.from).dims == graph_.type(id).dims)
        return found;
    }
    return std::nullopt;
  }

  // Appends the channels that a Gather or a Slice takes.
  bool picked(const Node& node, int64_t axis, int64_t size, Reordered& found) const {
    if (!node.is("Gather") && !node.is("Slice")) return false;
    if (found.from != no_value && found.from != node.inputs[0]) return false;
    found.from = node.inputs[0];
    return node.is("Gather") ? gathered(node, axis, size, found) : sliced(node, axis, size, found);
  }

  bool gathered(const Node& node, int64_t axis, int64_t size, Reordered& found) const {
    const auto indices = known_integers(graph_, node.inputs[1]);
    if (!indices || graph_.type(node.inputs[1]).rank() != 1 || axis_of(graph_, node, 0) != axis)
      return false;
    for (int64_t index : *indices) found.order.push_back(index < 0 ? index + size : index);
    return true;
  }

  // A slice of one dimension.
  bool sliced(const Node& node, int64_t axis, int64_t size, Reordered& found) const {
    const auto one = [&](size_t input, int64_t otherwise) -> std::optional<int64_t> {
      if (node.input(input) == no_value) return otherwise;
      const auto numbers = known_integers(graph_, node.input(input));
      if (!numbers || numbers->size() != 1) return std::nullopt;
      return (*numbers)[0];
    };
    const auto start = one(1, 0), end = one(2, 0), along = one(3, 0), step = one(4, 1);
    const int rank = graph_.type(node.inputs[0]).rank();
    if (!start || !end || !along || !step || *step == 0) return false;
    if ((*along < 0 ? *along + rank : *along) != axis) return false;
    const auto bounded = [&](int64_t at) {
      const int64_t low = *step < 0 ? -1 : 0;
      return std::clamp(at < 0 ? at + size : at, low, *step < 0 ? size - 1 : size);
    };
    const int64_t last = bounded(*end);
    for (int64_t at = bounded(*start); *step > 0 ? at < last : at > last; at += *step)
      found.order.push_back(at);
    return true;
  }

  // The parts are slices of one value, or results of one Split.
  bool joined(const Node& concat, int64_t axis, Reordered& found) const {
    for (ValueId part : concat.inputs) {
      const NodeId producer = graph_.value(part).producer;
      if (producer == no_node || uses_.only_reader(part) == no_node) return false;
      const Node& node = graph_.node(producer);
      if (std::find(found.nodes.begin(), found.nodes.end(), producer) == found.nodes.end())
        found.nodes.push_back(producer);
      if (node.is("Split") ? !split(node, part, axis, found) : !part_of(node, axis, found))
        return false;
    }
    return true;
  }

  bool part_of(const Node& node, int64_t axis, Reordered& found) const {
    if (node.inputs.empty() || !graph_.type(node.inputs[0]).has_rank()) return false;
    const Dims& whole = *graph_.type(node.inputs[0]).dims;
    if (axis >= static_cast<int64_t>(whole.size()) || !whole[axis].is_constant()) return false;
    return picked(node, axis, whole[axis].constant(), found);
  }

  bool split(const Node& node, ValueId part, int64_t axis, Reordered& found) const {
    if (found.from != no_value && found.from != node.inputs[0]) return false;
    if (axis_of(graph_, node, 0) != axis) return false;
    found.from = node.inputs[0];
    int64_t first = 0;
    for (ValueId output : node.outputs) {
      if (output == no_value || !graph_.type(output).has_rank()) return false;
      const Dim& size = (*graph_.type(output).dims)[axis];
      if (!size.is_constant()) return false;
      for (int64_t i = 0; output == part && i < size.constant(); ++i)
        found.order.push_back(first + i);
      first += size.constant();
    }
    return true;
  }

  // Weights for channels as they lie before: channel order[c] meets what channel c met.
  static Tensor reordered_weights(const Tensor& weights, const Order& order) {
    const Shape& shape = weights.shape();
    const std::vector<double> values = load_all<double>(weights.view());
    std::vector<double> moved(values.size());
    const int64_t inner = element_count(Shape(shape.begin() + 2, shape.end()));
    for (int64_t i = 0; i < static_cast<int64_t>(values.size()); ++i) {
      const int64_t row = i / inner / shape[1], channel = i / inner % shape[1];
      moved[(row * shape[1] + order[channel]) * inner + i % inner] = values[i];
    }
    Tensor result(weights.type(), shape);
    store_all<double>(result.view(), moved);
    return result;
  }

  const Graph& graph_;
  Uses uses_;
};

}  // namespace

std::vector<Patch> fold_channel_order(const Graph& graph) {
  const ChannelOrders orders(graph);
  std::vector<Patch> patches;
  for (NodeId id : graph.order())
    if (auto patch = orders.at(id)) patches.push_back(std::move(*patch));
  return patches;
}

}  // namespace cermet
