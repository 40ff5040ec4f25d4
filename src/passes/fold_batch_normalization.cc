// Inference-time batch normalisation is a scale and a shift for each channel: folded into the
// weights and bias of the convolution before it, or made a multiplication and an addition.
#include <array>
#include <cmath>

#include "passes/passes.h"
#include "passes/scale_weights.h"

namespace cermet {
namespace {

// y = scale * x + shift, from the constant statistics; nothing when one is not constant.
std::optional<ScaleShift> scale_shift(const Graph& graph, const Node& node) {
  std::vector<std::vector<double>> statistics;
  for (size_t i = 1; i < 5; ++i) {
    const Tensor* tensor = constant_of(graph, node.input(i));
    if (tensor == nullptr || !is_floating(tensor->type())) return std::nullopt;
    statistics.push_back(load_all<double>(tensor->view()));
  }
  const double epsilon = node.attributes.number("epsilon", 1e-5);
  ScaleShift result;
  for (size_t c = 0; c < statistics[0].size(); ++c) {
    const double scale = statistics[0][c] / std::sqrt(statistics[3][c] + epsilon);
    result.scale.push_back(scale);
    result.shift.push_back(statistics[1][c] - statistics[2][c] * scale);
  }
  return result;
}

bool is_inference(const Node& node) {
  if (node.attributes.integer("training_mode", 0) != 0) return false;
  for (size_t i = 1; i < node.outputs.size(); ++i)
    if (node.outputs[i] != no_value) return false;
  return true;
}

std::optional<Patch> into_convolution(const Graph& graph, NodeId id, const ScaleShift& by,
                                      const Uses& uses) {
  const Node& node = graph.node(id);
  const NodeId before = graph.value(node.inputs[0]).producer;
  if (before == no_node || !is_convolution(graph.node(before))) return std::nullopt;
  const Node& convolution = graph.node(before);
  if (why_not_into(graph, convolution, node.inputs[0], uses) != nullptr) return std::nullopt;
  if (result_channels(graph, convolution) != static_cast<int64_t>(by.scale.size()))
    return std::nullopt;
  Patch patch(graph);
  patch.consume(id);
  patch.consume(before);
  const std::vector<ValueId> statistics(node.inputs.begin() + 1, node.inputs.end());
  Node fused = scaled_convolution(graph, patch, convolution, by, statistics, "batch normalisation");
  patch.replace(node.outputs[0], patch.add(std::move(fused)));
  return patch;
}

// A vector over channels in the shape in which it broadcasts to [N, C, ...].
Tensor over_channels(const std::vector<double>& values, ElementType type, int rank) {
  Shape shape(rank - 1, 1);
  shape[0] = static_cast<int64_t>(values.size());
  Tensor tensor(type, shape);
  store_all<double>(tensor.view(), values);
  return tensor;
}

std::optional<Patch> as_arithmetic(const Graph& graph, NodeId id, const ScaleShift& by,
                                   const Uses& uses) {
  const Node& node = graph.node(id);
  const ValueType& type = graph.type(node.inputs[0]);
  if (!type.has_rank() || type.rank() < 2 || graph.type(node.outputs[0]).element != type.element)
    return std::nullopt;
  Patch patch(graph);
  patch.consume(id);
  Node scale;
  scale.op = "Mul";
  scale.inputs = {node.inputs[0],
                  patch.constant(over_channels(by.scale, type.element, type.rank()))};
  Node shift;
  shift.op = "Add";
  shift.inputs = {patch.add(std::move(scale)),
                  patch.constant(over_channels(by.shift, type.element, type.rank()))};
  patch.replace(node.outputs[0], patch.add(std::move(shift)));
  const NodeId before = graph.value(node.inputs[0]).producer;
  if (before != no_node && is_convolution(graph.node(before)))
    if (const char* why = why_not_into(graph, graph.node(before), node.inputs[0], uses))
      patch.second_best({before, id}, why);
  return patch;
}

const char* why_not_folded(const Graph& graph, const Node& node) {
  if (node.attributes.integer("training_mode", 0) != 0) return "it is in training mode";
  if (!is_inference(node)) return "its running statistics are asked for";
  static constexpr std::array reasons{"its scale is not constant", "its bias is not constant",
                                      "its mean is not constant", "its variance is not constant"};
  for (size_t i = 0; i < reasons.size(); ++i)
    if (constant_of(graph, node.input(i + 1)) == nullptr) return reasons[i];
  return "the type or rank of its input is not known";
}

}  // namespace

std::vector<Patch> fold_batch_normalization(const Graph& graph) {
  std::vector<Patch> patches;
  const Uses uses(graph);
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (!node.is("BatchNormalization") || !is_inference(node)) continue;
    const auto by = scale_shift(graph, node);
    if (!by) continue;
    auto patch = into_convolution(graph, id, *by, uses);
    if (!patch) patch = as_arithmetic(graph, id, *by, uses);
    if (patch) patches.push_back(std::move(*patch));
  }
  return patches;
}

void near_fold_batch_normalization(const Graph& graph, NearFusions& near) {
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (!node.is("BatchNormalization")) continue;
    const NodeId before = graph.value(node.inputs[0]).producer;
    if (before != no_node && is_convolution(graph.node(before)))
      near.add(graph, {before, id}, why_not_folded(graph, node));
    else
      near.add(graph, {id}, why_not_folded(graph, node));
  }
}

}  // namespace cermet
