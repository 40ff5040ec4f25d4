#include "passes/attention_mask.h"

#include <algorithm>

namespace cermet {
namespace {

// A score plus a number this low is that number, in float32.
constexpr double absorbing = -1e30;

// Scores have four dimensions; d counts the mask's from its end.
bool lines_up(const Dims& mask, const Dims& scores, bool may_be_cut) {
  if (mask.empty() || mask.size() > scores.size()) return false;
  for (size_t d = 1; d <= mask.size(); ++d) {
    const Dim &size = mask[mask.size() - d], &whole = scores[scores.size() - d];
    if (size == whole || size.is_constant(1)) continue;
    // A slice of a table of constants: where it is shorter, it does not broadcast.
    if (!may_be_cut || d > 2 || !(broadcast(size, whole) == whole)) return false;
  }
  return true;
}

std::vector<MaskStep> added(const Graph& graph, const Node& node, const Dims& scores) {
  std::vector<MaskStep> steps;
  for (size_t side : {0, 1}) {
    const ValueType &before = graph.type(node.inputs[side]),
                    &mask = graph.type(node.inputs[1 - side]);
    if (before.dims != scores || mask.element != ElementType::float32 || !mask.has_rank()) continue;
    // One column for all keys would not be the operator's mask, which forbids the other keys.
    if (!lines_up(*mask.dims, scores, false) || mask.dims->back() != scores.back()) continue;
    steps.push_back({node.inputs[side], {node.inputs[1 - side], MaskPart::Kind::added, 0}});
  }
  return steps;
}

std::vector<MaskStep> replaced(const Graph& graph, const Node& node, const Dims& scores) {
  const ValueType& condition = graph.type(node.inputs[0]);
  if (!condition.has_rank() || !lines_up(*condition.dims, scores, true)) return {};
  for (size_t side : {1, 2}) {
    const Tensor* low = constant_of(graph, node.inputs[3 - side]);
    if (low == nullptr || low->elements() != 1 || graph.type(node.inputs[side]).dims != scores)
      continue;
    const double number = load_element<double>(low->view(), 0);
    if (!(number <= absorbing)) continue;
    const auto kind =
        side == 1 ? MaskPart::Kind::kept_where_true : MaskPart::Kind::kept_where_false;
    return {{node.inputs[side], {node.inputs[0], kind, static_cast<float>(number)}}};
  }
  return {};
}

ValueId scalar(Patch& patch, float value) {
  Tensor tensor(ElementType::float32, {});
  tensor.view().as<float>()[0] = value;
  return patch.constant(std::move(tensor));
}

ValueId as_added(Patch& patch, const MaskPart& part) {
  if (part.kind == MaskPart::Kind::added) return part.value;
  const bool keeps = part.kind == MaskPart::Kind::kept_where_true;
  Node node;
  node.op = "Where";
  node.inputs = {part.value, scalar(patch, keeps ? 0 : part.low),
                 scalar(patch, keeps ? part.low : 0)};
  return patch.add(std::move(node));
}

// The last two dimensions of the mask: rows may stay one for all, columns not.
Dims spread(const Graph& graph, const std::vector<MaskPart>& parts, const Dims& scores) {
  const auto is_one = [&](const MaskPart& part) {
    const Dims& dims = *graph.type(part.value).dims;
    return dims.size() < 2 || dims[dims.size() - 2].is_constant(1);
  };
  const bool one_row = std::all_of(parts.begin(), parts.end(), is_one);
  return {one_row ? Dim(1) : scores[scores.size() - 2], scores.back()};
}

// Whether the sum of the parts has those last two dimensions.
bool has_them(const Graph& graph, const std::vector<MaskPart>& parts, const Dims& wanted) {
  const auto some_part = [&](size_t from_end) {
    return std::any_of(parts.begin(), parts.end(), [&](const MaskPart& part) {
      const Dims& dims = *graph.type(part.value).dims;
      return dims.size() >= from_end && dims[dims.size() - from_end] == wanted[2 - from_end];
    });
  };
  return some_part(1) && (wanted[0].is_constant(1) || some_part(2));
}

}  // namespace

std::vector<MaskStep> mask_steps(const Graph& graph, ValueId masked) {
  const Node* node = graph.producer(masked);
  if (node == nullptr) return {};
  if (node->is("Add")) return added(graph, *node, *graph.type(masked).dims);
  if (node->is("Where")) return replaced(graph, *node, *graph.type(masked).dims);
  return {};
}

ValueId joint_mask(const Graph& graph, Patch& patch, const std::vector<MaskPart>& parts,
                   const Dims& scores) {
  ValueId mask = as_added(patch, parts[0]);
  for (size_t i = 1; i < parts.size(); ++i) {
    Node sum;
    sum.op = "Add";
    sum.inputs = {mask, as_added(patch, parts[i])};
    mask = patch.add(std::move(sum));
  }
  const Dims wanted = spread(graph, parts, scores);
  if (has_them(graph, parts, wanted)) return mask;
  // The operator would forbid the keys that a shorter mask leaves out; this fails there.
  Node sizes;
  sizes.domain = "cermet";
  sizes.op = "Dims";
  sizes.attributes.set("dims",
                       std::vector<std::string>{wanted[0].to_string(), wanted[1].to_string()});
  sizes.attributes.set("rank", int64_t{1});
  sizes.attributes.set("to", static_cast<int64_t>(ElementType::int64));
  Node expanded;
  expanded.op = "Expand";
  expanded.inputs = {mask, patch.add(std::move(sizes))};
  return patch.add(std::move(expanded));
}

}  // namespace cermet
