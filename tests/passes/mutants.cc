#include "tests/passes/mutants.h"

#include <algorithm>
#include <cmath>

#include "base/scalar.h"
#include "passes/join_constants.h"
#include "passes/match.h"

namespace cermet::testing {
namespace {

using Patches = std::vector<Patch>;

// One patch for each node that `rewrite` takes.
template <class Rewrite>
Patches each_node(const Graph& graph, Rewrite&& rewrite) {
  Patches patches;
  for (NodeId id : graph.order()) {
    Patch patch(graph);
    patch.consume(id);
    if (rewrite(graph.node(id), patch)) patches.push_back(std::move(patch));
  }
  return patches;
}

Patches merge_transposes_in_wrong_order(const Graph& graph) {
  return each_node(graph, [&](const Node& node, Patch& patch) {
    const Node* first = node.is("Transpose") ? graph.producer(node.inputs[0]) : nullptr;
    if (first == nullptr || !first->is("Transpose")) return false;
    const auto outer = permutation_of(graph, node), inner = permutation_of(graph, *first);
    std::vector<int64_t> both;
    for (int64_t axis : *inner) both.push_back((*outer)[axis]);
    Node merged = Patch::copy_of(node);
    merged.inputs = first->inputs;
    merged.attributes.set("perm", both);
    patch.replace(node.outputs[0], patch.add(std::move(merged)));
    return true;
  });
}

// Removes nodes of the operator whose result has the type of their input.
Patches remove_if_type_stays(const Graph& graph, std::string_view op) {
  return each_node(graph, [&](const Node& node, Patch& patch) {
    if (!node.is(op) || !(graph.type(node.inputs[0]) == graph.type(node.outputs[0]))) return false;
    patch.replace(node.outputs[0], node.inputs[0]);
    return true;
  });
}
Patches remove_any_slice(const Graph& graph) { return remove_if_type_stays(graph, "Slice"); }
Patches remove_square_transpose(const Graph& graph) {
  return remove_if_type_stays(graph, "Transpose");
}
Patches remove_relu(const Graph& graph) { return remove_if_type_stays(graph, "Relu"); }

Patches share_if(const Graph& graph, bool (*equal)(const Node&, const Node&)) {
  Patches patches;
  const std::vector<NodeId> order = graph.order();
  for (size_t i = 0; i < order.size(); ++i)
    for (size_t j = 0; j < i; ++j) {
      const Node &a = graph.node(order[i]), &b = graph.node(order[j]);
      if (a.op != b.op || a.inputs != b.inputs || a.outputs.size() != 1 || b.outputs.size() != 1 ||
          !a.subgraphs.empty() || !equal(a, b) ||
          !(graph.type(a.outputs[0]) == graph.type(b.outputs[0])))
        continue;
      Patch patch(graph);
      patch.consume(order[i]);
      patch.replace(a.outputs[0], b.outputs[0]);
      patches.push_back(std::move(patch));
    }
  return patches;
}
Patches share_whatever_attributes(const Graph& graph) {
  return share_if(graph, [](const Node& a, const Node&) { return a.op != "RandomUniform"; });
}
Patches share_random_numbers(const Graph& graph) {
  return share_if(graph, [](const Node& a, const Node&) { return a.op == "RandomUniform"; });
}

// Type and shape alone don't make constants equal.
Patches share_any_constants(const Graph& graph) {
  Patches patches;
  std::vector<ValueId> seen;
  for (NodeId id : graph.order())
    for (ValueId input : graph.node(id).inputs) {
      if (input == no_value || !graph.value(input).constant || graph.is_output(input)) continue;
      const auto like = std::ranges::find_if(
          seen, [&](ValueId other) { return graph.type(other) == graph.type(input); });
      if (like == seen.end()) {
        seen.push_back(input);
      } else if (*like != input) {
        Patch patch(graph);
        patch.replace(input, *like);
        patches.push_back(std::move(patch));
      }
    }
  return patches;
}

Patches fold_random_numbers(const Graph& graph) {
  return each_node(graph, [&](const Node& node, Patch& patch) {
    if (!node.is("RandomUniform")) return false;
    const auto results = evaluate(*find_operator("", node.op), node.attributes, {}, 1);
    patch.replace(node.outputs[0], patch.constant(results[0].tensor));
    return true;
  });
}

// As fold-batch-normalization, with the mean added instead of taken away.
Patches shift_with_wrong_sign(const Graph& graph) {
  return each_node(graph, [&](const Node& node, Patch& patch) {
    if (!node.is("BatchNormalization")) return false;
    const Tensor* mean = constant_of(graph, node.inputs[3]);
    if (mean == nullptr) return false;
    auto values = load_all<double>(mean->view());
    if (std::any_of(values.begin(), values.end(), [](double v) { return v < 0; })) return false;
    for (double& value : values) value = -value;
    Tensor negative(mean->type(), mean->shape());
    store_all<double>(negative.view(), values);
    Node other = Patch::copy_of(node);
    other.inputs[3] = patch.constant(negative);
    patch.replace(node.outputs[0], patch.add(std::move(other)));
    return std::any_of(values.begin(), values.end(), [](double v) { return v != 0; });
  });
}

Patches forget_scale_of_gemm(const Graph& graph) {
  return each_node(graph, [&](const Node& node, Patch& patch) {
    if (!node.is("Gemm") || node.attributes.number("alpha", 1) == 1) return false;
    Node other = Patch::copy_of(node);
    other.attributes.set("alpha", 1.0);
    patch.replace(node.outputs[0], patch.add(std::move(other)));
    return true;
  });
}

Patches reshape_past_transpose(const Graph& graph) {
  return each_node(graph, [&](const Node& node, Patch& patch) {
    const Node* first =
        node.is("Flatten") || node.is("Reshape") ? graph.producer(node.inputs[0]) : nullptr;
    const ValueType& type = graph.type(node.outputs[0]);
    if (first == nullptr || !first->is("Transpose") || !type.is_static()) return false;
    Node other;
    other.op = "Reshape";
    other.inputs = {first->inputs[0], patch.constant(ints(constants(*type.dims)))};
    patch.replace(node.outputs[0], patch.add(std::move(other)));
    return true;
  });
}

// As sink-transposes, with the axis named as behind the transpose.
Patches sink_past_axis(const Graph& graph) {
  return each_node(graph, [&](const Node& node, Patch& patch) {
    const Node* first = node.is("Softmax") ? graph.producer(node.inputs[0]) : nullptr;
    if (first == nullptr || !first->is("Transpose")) return false;
    Node sunk = Patch::copy_of(node), transpose = Patch::copy_of(*first);
    sunk.inputs = first->inputs;
    transpose.inputs = {patch.add(std::move(sunk))};
    patch.replace(node.outputs[0], patch.add(std::move(transpose)));
    return true;
  });
}

// As fold-pads, whatever the pool makes of padding.
Patches pad_in_pool(const Graph& graph, std::string_view op) {
  return each_node(graph, [&](const Node& node, Patch& patch) {
    const Node* pad = node.is(op) ? graph.producer(node.inputs[0]) : nullptr;
    if (pad == nullptr || !pad->is("Pad") || graph.type(pad->inputs[0]).rank() != 4) return false;
    const auto margins = known_integers(graph, pad->inputs[1]);
    if (!margins || margins->size() != 8) return false;
    auto pads = node.attributes.integers("pads", {0, 0, 0, 0});
    for (size_t d : {0, 1}) {
      pads[d] += (*margins)[d + 2];
      pads[d + 2] += (*margins)[d + 6];
    }
    Node other = Patch::copy_of(node);
    other.inputs[0] = pad->inputs[0];
    other.attributes.set("pads", pads);
    patch.replace(node.outputs[0], patch.add(std::move(other)));
    return true;
  });
}
Patches leave_padding_out(const Graph& graph) { return pad_in_pool(graph, "AveragePool"); }
Patches take_padding_for_lowest(const Graph& graph) { return pad_in_pool(graph, "MaxPool"); }

bool surely_true(const Graph& graph, ValueId id) {
  const Tensor* tensor = constant_of(graph, id);
  return tensor != nullptr && load_element<uint64_t>(tensor->view(), 0) != 0;
}

// As inline-branches, with the other branch.
Patches take_other_branch(const Graph& graph) {
  return each_node(graph, [&](const Node& node, Patch& patch) {
    if (!node.is("If") || !surely_true(graph, node.inputs[0])) return false;
    Node other = Patch::copy_of(node);
    other.inputs[0] = patch.constant(Tensor(ElementType::boolean, {}));
    const auto results = patch.add_copy(std::move(other));
    for (size_t i = 0; i < results.size(); ++i)
      if (results[i] != no_value) patch.replace(node.outputs[i], results[i]);
    return true;
  });
}

// The node as it is but for its attributes and bodies; it is changed once.
template <class Change>
Patches change_loops(const Graph& graph, std::string_view op, Change&& change) {
  return each_node(graph, [&](const Node& node, Patch& patch) {
    if (!node.is(op) || node.attributes.has("changed")) return false;
    Node other = Patch::copy_of(node);
    other.attributes.set("changed", int64_t{1});
    if (!change(other, patch)) return false;
    const auto results = patch.add_copy(std::move(other));
    for (size_t i = 0; i < results.size(); ++i)
      if (results[i] != no_value) patch.replace(node.outputs[i], results[i]);
    return true;
  });
}

Patches leave_last_trip_out(const Graph& graph) {
  return change_loops(graph, "Loop", [&](Node& loop, Patch& patch) {
    const auto trips = known_integers(graph, loop.inputs[0]);
    if (!trips || trips->front() < 1) return false;
    loop.inputs[0] = patch.constant(ints({}, {trips->front() - 1}));
    return true;
  });
}

Patches scan_from_the_other_end(const Graph& graph) {
  return change_loops(graph, "Scan", [&](Node& loop, Patch&) {
    const int64_t backward = loop.attributes.integers("scan_input_directions", {0}).front();
    loop.attributes.set("scan_input_directions", std::vector<int64_t>{1 - backward});
    return true;
  });
}

// A carried value taken for one that never changes, as if it could be hoisted.
Patches carry_nothing(const Graph& graph) {
  return change_loops(graph, "Loop", [&](Node& loop, Patch&) {
    Graph& body = loop.subgraphs[0];
    if (body.outputs()[1] == body.inputs()[2]) return false;
    body.set_output(1, body.inputs()[2]);
    return true;
  });
}

// The expression with operand `i` replaced by what `operand(expression, i, type)` makes.
template <class Operand>
ScalarExpr with_operands(const ScalarExpr& from, Operand&& operand) {
  ScalarExpr result;
  std::vector<int> operands(from.operand_count(), -1);
  for (const ScalarNode& node : from.nodes())
    if (node.op == ScalarOp::input) operands[node.index] = operand(result, node.index, node.type);
  for (int node : result.inline_expression(from, operands)) result.add_result(node);
  return result;
}

// As merge-siblings, with the weights of two products joined the other way round.
Patches join_in_wrong_order(const Graph& graph) {
  Patches patches;
  const std::vector<NodeId> order = graph.order();
  for (size_t i = 0; i < order.size(); ++i)
    for (size_t j = 0; j < i; ++j) {
      const Node &a = graph.node(order[j]), &b = graph.node(order[i]);
      if (!a.is("MatMul") || !b.is("MatMul") || a.inputs[0] != b.inputs[0]) continue;
      const Tensor *left = constant_of(graph, a.inputs[1]),
                   *right = constant_of(graph, b.inputs[1]);
      if (left == nullptr || right == nullptr || left->shape() != right->shape()) continue;
      Patch patch(graph);
      patch.consume(order[i]);
      patch.consume(order[j]);
      Node joint = Patch::copy_of(a);
      joint.inputs[1] = patch.constant(joined_along({*right, *left}, left->shape().size() - 1));
      Node cut;
      cut.op = "Split";
      cut.attributes.set("axis", int64_t{-1});
      cut.attributes.set("num_outputs", int64_t{2});
      cut.inputs = {patch.add(std::move(joint))};
      const auto parts = patch.add_all(std::move(cut), 2);
      patch.replace(a.outputs[0], parts[0]);
      patch.replace(b.outputs[0], parts[1]);
      patches.push_back(std::move(patch));
    }
  return patches;
}

void drop_epilogue_operand(Graph& graph, NodeId id) {
  Node& node = graph.node(id);
  if (!node.epilogue) return;
  node.epilogue->expression = with_operands(
      node.epilogue->expression, [](ScalarExpr& expression, int index, ElementType type) {
        return index == 0 ? expression.input(0, type) : expression.constant(0, type);
      });
}

void swap_operands(Graph& graph, NodeId id) {
  Node& node = graph.node(id);
  if (!node.is("Pointwise", "cermet") || node.inputs.size() < 2) return;
  if (graph.type(node.inputs[0]).element == graph.type(node.inputs[1]).element)
    std::swap(node.inputs[0], node.inputs[1]);
}

void reverse_dims(Graph& graph, NodeId id) {
  Node& node = graph.node(id);
  if (!node.is("Dims", "cermet")) return;
  auto texts = node.attributes.texts("dims");
  std::reverse(texts.begin(), texts.end());
  node.attributes.set("dims", texts);
}

void swap_branches(Graph& graph, NodeId id) {
  Node& node = graph.node(id);
  if (node.is("If")) std::swap(node.subgraphs[0], node.subgraphs[1]);
}

void spoil_all(const Mutant& mutant, Graph& graph) {
  for (NodeId id : graph.order()) {
    for (Graph& body : graph.node(id).subgraphs) spoil_all(mutant, body);
    mutant.spoil(graph, id);
  }
}

}  // namespace

std::span<const Mutant> mutants() {
  static constexpr Mutant list[] = {
      {"transposes merged in the wrong order", merge_transposes_in_wrong_order},
      {"Slice eliminated whatever its step", remove_any_slice},
      {"Transpose eliminated when the shape stays", remove_square_transpose},
      {"Relu eliminated", remove_relu},
      {"constants shared whatever their values", share_any_constants},
      {"nodes shared whatever their attributes", share_whatever_attributes},
      {"random numbers shared", share_random_numbers},
      {"random numbers computed while building", fold_random_numbers},
      {"batch normalisation shifted with the wrong sign", shift_with_wrong_sign},
      {"Gemm without its scale", forget_scale_of_gemm},
      {"Reshape moved past a Transpose", reshape_past_transpose},
      {"Transpose sunk past an axis", sink_past_axis},
      {"padding left out of an average", leave_padding_out},
      {"zeros around a maximum taken for the lowest number", take_padding_for_lowest},
      {"weights of siblings joined in the wrong order", join_in_wrong_order},
      {"the branch that is not taken", take_other_branch},
      {"last trip left out", leave_last_trip_out},
      {"slices taken from the other end", scan_from_the_other_end},
      {"carried value taken for an invariant", carry_nothing},
      {"epilogue operand dropped", nullptr, drop_epilogue_operand},
      {"operands of a pointwise node swapped", nullptr, swap_operands},
      {"sizes in the wrong order", nullptr, reverse_dims},
      {"branches swapped", nullptr, swap_branches},
  };
  return list;
}

void optimise_wrongly(const Mutant& mutant, Graph& graph) {
  std::vector<Pass> passes;
  if (mutant.find != nullptr) passes.push_back({mutant.name, mutant.find});
  passes.insert(passes.end(), all_passes().begin(), all_passes().end());
  PassOptions options;
  options.costs = &costs_by_steps();
  run_passes(graph, options, passes);
  if (mutant.spoil != nullptr) spoil_all(mutant, graph);
}

}  // namespace cermet::testing
