// Attention written out, softmax(scale * Q K' + mask) V by heads, becomes one operator, which keeps
// no matrix of scores. Where heads are split off by a reshape and a transpose, the operator takes
// the operands as they were before.
#include <algorithm>

#include "passes/attention_mask.h"
#include "passes/match.h"
#include "passes/passes.h"
#include "passes/permutation.h"

namespace cermet {
namespace {

const Permutation as_it_is{0, 1, 2, 3};
const Permutation last_two_swapped{0, 1, 3, 2};

// What the CPU's kernel takes; the rest is faster as products and a softmax.
constexpr int64_t largest_head = 256;
constexpr int64_t fewest_queries = 4;
// Windows of so few keys with heads so small are mostly softmax, which is faster as a whole.
constexpr int64_t small_window = 64, small_head = 32;

// One of Q, K, V.
struct Operand {
  ValueId value = no_value;
  // What brings it to [batch, heads, length, size].
  Permutation order = as_it_is;
  bool lengths_first() const { return order == heads_first; }
  bool lacks_batch = false;  // [length, heads, size], of a batch of one
  double factor = 1;
  int64_t repeats = 1;  // how many heads of the queries share one
};

struct Scores {
  const Node* product = nullptr;
  std::vector<MaskPart> masks;
  double factor = 1;
  std::vector<NodeId> nodes;
};

class Attention {
 public:
  Attention(const Graph& graph, const Uses& uses) : graph_(graph), uses_(uses) {}

  std::optional<Patch> at(NodeId softmax_id) const {
    const Node& softmax = graph_.node(softmax_id);
    if (!softmax.is("Softmax") || !is_matrix_batch(softmax.outputs[0])) return std::nullopt;
    const int64_t axis = softmax.attributes.integer("axis", -1);
    const NodeId weighed_id = uses_.only_reader(softmax.outputs[0]);
    if ((axis != -1 && axis != 3) || weighed_id == no_node) return std::nullopt;
    const Node& weighed = graph_.node(weighed_id);
    if (!is_product(weighed) || weighed.inputs[0] != softmax.outputs[0]) return std::nullopt;
    auto scores = scores_of(softmax.inputs[0], {});
    if (!scores) return std::nullopt;
    const Operand q = operand(scores->product->inputs[0], as_it_is, true);
    Operand k = operand(scores->product->inputs[1], last_two_swapped, true, true);
    Operand v = operand(weighed.inputs[1], as_it_is, false, true);
    if (k.repeats != v.repeats) {
      k = operand(scores->product->inputs[1], last_two_swapped, true);
      v = operand(weighed.inputs[1], as_it_is, false);
    }
    if (k.value == no_value || !fits(*scores->product, weighed)) return std::nullopt;
    scores->nodes.insert(scores->nodes.end(), {softmax_id, weighed_id});
    scores->factor *= q.factor * k.factor;
    return patch_of(*scores, q, k, v, weighed.outputs[0]);
  }

 private:
  const Dims& dims(ValueId id) const { return *graph_.type(id).dims; }

  bool is_matrix_batch(ValueId id) const {
    const ValueType& type = graph_.type(id);
    return type.element == ElementType::float32 && type.has_rank() && type.rank() == 4;
  }

  bool is_product(const Node& node) const {
    return node.is("MatMul") && !node.epilogue && is_matrix_batch(node.inputs[0]) &&
           is_matrix_batch(node.inputs[1]);
  }

  // Batch and heads don't broadcast, and sizes are those of the kernel.
  bool fits(const Node& product, const Node& weighed) const {
    const Dims &q = dims(product.inputs[0]), &k = dims(product.inputs[1]),
               &v = dims(weighed.inputs[1]);
    for (int d : {0, 1})
      if (q[d] != k[d] || q[d] != v[d]) return false;
    if (k[3] != v[2] || q[3] != k[2] || k[3].is_constant(0)) return false;
    for (const Dim& size : {q[3], v[3]})
      if (!size.is_constant() || size.constant() < 1 || size.constant() > largest_head)
        return false;
    const bool small = k[3].is_constant() && k[3].constant() < small_window;
    if (small && q[3].constant() <= small_head) return false;
    return !q[2].is_constant() || q[2].constant() >= fewest_queries;
  }

  // What a Mul or Div by one number multiplies `scaled`'s other operand with.
  struct Scaling {
    ValueId operand = no_value;
    double factor = 1;
  };
  std::optional<Scaling> scaling(ValueId scaled) const {
    const Node* node = graph_.producer(scaled);
    if (node == nullptr || !(node->is("Mul") || node->is("Div"))) return std::nullopt;
    for (size_t side : {1, 0}) {
      const Tensor* number = constant_of(graph_, node->inputs[side]);
      if (number == nullptr || number->elements() != 1) continue;
      if (graph_.type(node->inputs[1 - side]).dims != graph_.type(scaled).dims) continue;
      const double value = load_element<double>(number->view(), 0);
      if (node->is("Mul")) return Scaling{node->inputs[1 - side], value};
      if (side == 1) return Scaling{node->inputs[0], 1 / value};
    }
    return std::nullopt;
  }

  // From the softmax up to the product. The mask is added after scaling.
  std::optional<Scores> scores_of(ValueId id, Scores below) const {
    const NodeId producer = graph_.value(id).producer;
    if (producer == no_node || uses_.only_reader(id) == no_node) return std::nullopt;
    const Node& node = graph_.node(producer);
    below.nodes.push_back(producer);
    if (is_product(node)) {
      below.product = &node;
      return below;
    }
    if (const auto scaled = scaling(id)) {
      below.factor *= scaled->factor;
      return scores_of(scaled->operand, std::move(below));
    }
    if (below.factor != 1) return std::nullopt;
    for (const MaskStep& step : mask_steps(graph_, id)) {
      Scores above = below;
      above.masks.push_back(step.part);
      if (auto found = scores_of(step.scores, std::move(above))) return found;
    }
    return std::nullopt;
  }

  // The value behind scalings and transposes from which `id`, transposed by `order`, comes as
  // [batch, heads, length, size]; the farthest that the operator can read, or that can be
  // transposed by rows where there is none. Heads that are repeated need not be where the operator
  // knows how often.
  Operand operand(ValueId id, Permutation order, bool scales, bool repeats = false) const {
    Operand best;
    double factor = 1;
    int64_t repeated = 1;
    while (true) {
      const bool readable = order == as_it_is || order == heads_first;
      if (readable || (best.value == no_value && order[3] == 3))
        best = {id, order, false, factor, repeated};
      const Node* node = graph_.producer(id);
      if (node == nullptr) break;
      if (node->is("Transpose")) {
        order = composed(*permutation_of(graph_, *node), order);
        id = node->inputs[0];
        continue;
      }
      if (repeats && repeated == 1 && order[0] == 0 && order[1] == 1)
        if (const auto found = repetition(*node)) {
          repeated = found->times;
          id = found->of;
          continue;
        }
      const auto scaled = scaling(id);
      if (!scales || !scaled || uses_.only_reader(id) == no_node) break;
      factor *= scaled->factor;
      id = scaled->operand;
    }
    return without_batch(best);
  }

  // [batch, heads, length, size] with each head several times: a dimension of its own is put in,
  // expanded, and joined with the heads.
  struct Repetition {
    ValueId of = no_value;
    int64_t times = 1;
  };
  std::optional<Repetition> repetition(const Node& joined) const {
    const Node* expand = joined.is("Reshape") ? graph_.producer(joined.inputs[0]) : nullptr;
    if (expand == nullptr || !expand->is("Expand")) return std::nullopt;
    const Node* apart = graph_.producer(expand->inputs[0]);
    if (apart == nullptr || !(apart->is("Unsqueeze") || apart->is("Reshape"))) return std::nullopt;
    for (ValueId id : {apart->inputs[0], apart->outputs[0], expand->outputs[0], joined.outputs[0]})
      if (!graph_.type(id).has_rank()) return std::nullopt;
    const Dims &from = dims(apart->inputs[0]), &wide = dims(expand->outputs[0]);
    if (from.size() != 4 || wide.size() != 5 || !wide[1].is_constant() || !wide[2].is_constant())
      return std::nullopt;
    const bool fits = from == Dims{wide[0], wide[1], wide[3], wide[4]} &&
                      dims(apart->outputs[0]) == Dims{wide[0], wide[1], 1, wide[3], wide[4]} &&
                      dims(joined.outputs[0]) == Dims{wide[0], wide[1] * wide[2], wide[3], wide[4]};
    if (!fits || wide[2].constant() < 1) return std::nullopt;
    return Repetition{apart->inputs[0], wide[2].constant()};
  }

  // [length, heads, size] to [heads, length, size] to [1, heads, length, size].
  Operand without_batch(Operand found) const {
    if (found.value == no_value || found.order != as_it_is) return found;
    const Node* reshape = graph_.producer(found.value);
    if (reshape == nullptr || !(reshape->is("Reshape") || reshape->is("Unsqueeze"))) return found;
    const Node* transpose = graph_.producer(reshape->inputs[0]);
    if (transpose == nullptr || !transpose->is("Transpose")) return found;
    const Dims &split = dims(found.value), &before = dims(reshape->inputs[0]);
    const bool adds_one = split[0].is_constant(1) && before == Dims{split[1], split[2], split[3]};
    if (!adds_one || permutation_of(graph_, *transpose) != Permutation{1, 0, 2}) return found;
    found.value = transpose->inputs[0];
    found.order = heads_first;
    found.lacks_batch = true;
    return found;
  }

  // [batch, length, heads * size].
  ValueId packed(Patch& patch, const Operand& operand) const {
    const Dims& split = dims(operand.value);
    const int64_t row = split[split.size() - 2].constant() * split.back().constant();
    const Node* node = graph_.producer(operand.value);
    if (node != nullptr && node->is("Reshape") && graph_.type(node->inputs[0]).has_rank() &&
        dims(node->inputs[0]) == Dims{split[0], split[1], row})
      return node->inputs[0];
    return reshaped(
        patch, operand.value,
        operand.lacks_batch ? std::vector<int64_t>{1, -1, row} : std::vector<int64_t>{0, 0, row});
  }

  // Goes back to before scalings of queries or keys that nothing else reads; their factor.
  double unscaled(ValueId& value) const {
    double factor = 1;
    while (static_cast<size_t>(value) < graph_.value_count() &&
           uses_.only_reader(value) != no_node) {
      const auto scaled = scaling(value);
      if (!scaled) break;
      factor *= scaled->factor;
      value = scaled->operand;
    }
    return factor;
  }

  static ValueId reshaped(Patch& patch, ValueId value, const std::vector<int64_t>& shape) {
    Node node;
    node.op = "Reshape";
    node.inputs = {value, patch.constant(Tensor::from(
                              ElementType::int64, {static_cast<int64_t>(shape.size())}, shape))};
    return patch.add(std::move(node));
  }

  Patch patch_of(const Scores& scores, const Operand& q, const Operand& k, const Operand& v,
                 ValueId result) const {
    Patch patch(graph_);
    for (NodeId id : scores.nodes) patch.consume(id);
    const Dims& y = dims(result);
    const bool packs = q.lengths_first() && k.lengths_first() && v.lengths_first() &&
                       y[1].is_constant() && y[1].constant() > 0;
    Node attention;
    attention.op = "Attention";
    for (const Operand* operand : {&q, &k, &v})
      attention.inputs.push_back(packs ? packed(patch, *operand) : unpacked(patch, *operand));
    double factor = scores.factor;
    for (size_t i : {0, 1}) factor *= unscaled(attention.inputs[i]);
    attention.attributes.set("scale", factor);
    if (!scores.masks.empty())
      attention.inputs.push_back(
          joint_mask(graph_, patch, scores.masks, dims(scores.product->outputs[0])));
    if (packs) {
      attention.attributes.set("q_num_heads", y[1].constant());
      attention.attributes.set("kv_num_heads", y[1].constant() / k.repeats);
    }
    ValueId made = patch.add(std::move(attention));
    if (packs) {
      made = reshaped(patch, made, {0, 0, y[1].constant(), y[3].constant()});
      made = transposed(patch, made, heads_first);
    }
    patch.replace(result, made);
    return patch;
  }

  static ValueId transposed(Patch& patch, ValueId value, const Permutation& order) {
    Node node;
    node.op = "Transpose";
    node.inputs = {value};
    node.attributes.set("perm", order);
    return patch.add(std::move(node));
  }

  // [batch, heads, length, size].
  static ValueId unpacked(Patch& patch, const Operand& operand) {
    ValueId value = operand.value;
    if (operand.lacks_batch) {
      Node node;
      node.op = "Unsqueeze";
      node.inputs = {value, patch.constant(Tensor::from<int64_t>(ElementType::int64, {1}, {{0}}))};
      value = patch.add(std::move(node));
    }
    return operand.order == as_it_is ? value : transposed(patch, value, operand.order);
  }

  const Graph& graph_;
  const Uses& uses_;
};

}  // namespace

std::vector<Patch> fuse_attention(const Graph& graph) {
  const Uses uses(graph);
  const Attention attention(graph, uses);
  std::vector<Patch> patches;
  for (NodeId id : graph.order())
    if (auto patch = attention.at(id)) patches.push_back(std::move(*patch));
  return patches;
}

}  // namespace cermet
