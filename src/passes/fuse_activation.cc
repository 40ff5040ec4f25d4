// Activations written out become one operator: Gelu in both forms, Swish, Mish, HardSwish.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "passes/match.h"
#include "passes/passes.h"

namespace cermet {
namespace {

// A product taken apart: a number times values, a power as often as it says.
struct Factors {
  double number = 1;
  std::vector<ValueId> values;
};

// The same in float32, which is how exporters write constants.
bool same_number(double a, double b) { return std::fabs(a - b) <= 1.2e-7 * std::fabs(b); }

class Activation {
 public:
  Activation(const Graph& graph, const Uses& uses) : graph_(graph), uses_(uses) {}

  std::optional<Patch> at(NodeId id) const {
    const Node& node = graph_.node(id);
    if (!(node.is("Mul") || node.is("Div")) || !graph_.type(node.outputs[0]).has_rank() ||
        graph_.type(node.outputs[0]).element != ElementType::float32)
      return std::nullopt;
    std::vector<NodeId> nodes{id};
    Factors product;
    multiply(node.outputs[0], true, product, nodes);
    if (product.values.size() != 2) return std::nullopt;
    for (size_t side : {0, 1}) {
      const ValueId x = product.values[side];
      if (graph_.type(x).dims != graph_.type(node.outputs[0]).dims) continue;
      std::vector<NodeId> consumed = nodes;
      auto made = gate(x, product.values[1 - side], product.number, consumed);
      if (!made) continue;
      Patch patch(graph_);
      for (NodeId member : consumed) patch.consume(member);
      made->inputs = {x};
      patch.replace(node.outputs[0], patch.add(std::move(*made)));
      return patch;
    }
    return std::nullopt;
  }

 private:
  std::optional<double> number(ValueId id) const {
    const Tensor* tensor = constant_of(graph_, id);
    if (tensor == nullptr || tensor->elements() != 1) return std::nullopt;
    return load_element<double>(tensor->view(), 0);
  }

  // The producer of a value that one node alone reads, if it is an `op`.
  const Node* inner(ValueId id, std::string_view op, std::vector<NodeId>& nodes) const {
    const NodeId producer = id == no_value ? no_node : graph_.value(id).producer;
    if (producer == no_node || uses_.sole_reading_node(id) == no_node) return nullptr;
    if (!graph_.node(producer).is(op)) return nullptr;
    nodes.push_back(producer);
    return &graph_.node(producer);
  }

  // Takes the value apart as far as its parts serve nothing else; `root` may have any readers.
  void multiply(ValueId id, bool root, Factors& product, std::vector<NodeId>& nodes) const {
    if (const auto value = number(id)) return static_cast<void>(product.number *= *value);
    const Node* node = graph_.producer(id);
    const bool alone = root || uses_.sole_reading_node(id) != no_node;
    const auto enter = [&] { nodes.push_back(graph_.value(id).producer); };
    if (node != nullptr && alone && node->is("Mul")) {
      enter();
      for (ValueId input : node->inputs) multiply(input, false, product, nodes);
      return;
    }
    if (node != nullptr && alone && (node->is("Div") || node->is("Pow"))) {
      const auto by = number(node->inputs[1]);
      if (by && node->is("Div")) {
        enter();
        product.number /= *by;
        return multiply(node->inputs[0], false, product, nodes);
      }
      if (by && (*by == 2 || *by == 3)) {
        enter();
        product.values.insert(product.values.end(), static_cast<size_t>(*by), node->inputs[0]);
        return;
      }
    }
    product.values.push_back(id);
  }

  Factors factors(ValueId id, std::vector<NodeId>& nodes) const {
    Factors product;
    multiply(id, false, product, nodes);
    return product;
  }

  bool is_power(const Factors& product, double number, ValueId x, size_t exponent) const {
    return same_number(product.number, number) && product.values.size() == exponent &&
           std::all_of(product.values.begin(), product.values.end(),
                       [&](ValueId v) { return v == x; });
  }

  // The operand of an Add of a number.
  std::optional<ValueId> plus(ValueId id, double wanted, std::vector<NodeId>& nodes) const {
    const Node* sum = inner(id, "Add", nodes);
    if (sum == nullptr) return std::nullopt;
    for (size_t side : {0, 1})
      if (const auto value = number(sum->inputs[side]); value && same_number(*value, wanted))
        return sum->inputs[1 - side];
    return std::nullopt;
  }

  static Node named(std::string_view op) {
    Node node;
    node.op = op;
    return node;
  }

  // The operator that is number * x * gate.
  std::optional<Node> gate(ValueId x, ValueId gate, double number,
                           std::vector<NodeId>& nodes) const {
    using Form =
        std::optional<Node> (Activation::*)(ValueId, ValueId, double, std::vector<NodeId>&) const;
    for (Form form :
         {&Activation::gelu, &Activation::swish, &Activation::mish, &Activation::hard_swish}) {
      std::vector<NodeId> members = nodes;
      auto made = (this->*form)(x, gate, number, members);
      if (!made) continue;
      nodes = std::move(members);
      return made;
    }
    return std::nullopt;
  }

  std::optional<Node> gelu(ValueId x, ValueId gate, double half, std::vector<NodeId>& nodes) const {
    const auto curve = plus(gate, 1, nodes);
    if (half != 0.5 || !curve) return std::nullopt;
    Node node = named("Gelu");
    if (const Node* erf = inner(*curve, "Erf", nodes)) {
      const bool fits = is_power(factors(erf->inputs[0], nodes), std::numbers::sqrt2 / 2, x, 1);
      return fits ? std::optional(node) : std::nullopt;
    }
    const Node* tanh = inner(*curve, "Tanh", nodes);
    if (tanh == nullptr || !is_cubic(x, factors(tanh->inputs[0], nodes), nodes))
      return std::nullopt;
    node.attributes.set("approximate", std::string("tanh"));
    return node;
  }

  // sqrt(2 / pi) * (x + 0.044715 x^3), or with x outside the brackets.
  bool is_cubic(ValueId x, const Factors& product, std::vector<NodeId>& nodes) const {
    if (!same_number(product.number, std::sqrt(2 / std::numbers::pi))) return false;
    constexpr double third = 0.044715;
    if (product.values.size() == 1) {
      const Node* sum = inner(product.values[0], "Add", nodes);
      if (sum == nullptr) return false;
      const size_t side = sum->inputs[0] == x ? 1 : 0;
      return sum->inputs[1 - side] == x && is_power(factors(sum->inputs[side], nodes), third, x, 3);
    }
    if (product.values.size() != 2) return false;
    const size_t side = product.values[0] == x ? 1 : 0;
    if (product.values[1 - side] != x) return false;
    const auto square = plus(product.values[side], 1, nodes);
    return square && is_power(factors(*square, nodes), third, x, 2);
  }

  std::optional<Node> swish(ValueId x, ValueId gate, double one, std::vector<NodeId>& nodes) const {
    const Node* sigmoid = inner(gate, "Sigmoid", nodes);
    if (sigmoid == nullptr || one != 1) return std::nullopt;
    const Factors inside =
        sigmoid->inputs[0] == x ? Factors{1, {x}} : factors(sigmoid->inputs[0], nodes);
    if (inside.values.size() != 1 || inside.values[0] != x) return std::nullopt;
    Node node = named("Swish");
    node.attributes.set("alpha", inside.number);
    return node;
  }

  std::optional<Node> mish(ValueId x, ValueId gate, double one, std::vector<NodeId>& nodes) const {
    const Node* tanh = inner(gate, "Tanh", nodes);
    const Node* softplus = tanh == nullptr ? nullptr : inner(tanh->inputs[0], "Softplus", nodes);
    if (softplus == nullptr || softplus->inputs[0] != x || one != 1) return std::nullopt;
    return named("Mish");
  }

  // x * HardSigmoid(x), or x * min(max(x + 3, 0), 6) / 6.
  std::optional<Node> hard_swish(ValueId x, ValueId gate, double number,
                                 std::vector<NodeId>& nodes) const {
    if (const Node* sigmoid = inner(gate, "HardSigmoid", nodes)) {
      const bool fits = number == 1 && sigmoid->inputs[0] == x &&
                        same_number(sigmoid->attributes.number("alpha", 0.2), 1.0 / 6) &&
                        sigmoid->attributes.number("beta", 0.5) == 0.5;
      return fits ? std::optional(named("HardSwish")) : std::nullopt;
    }
    const Node* clip = inner(gate, "Clip", nodes);
    if (clip == nullptr || !same_number(number, 1.0 / 6)) return std::nullopt;
    if (this->number(clip->input(1)) != 0.0 || this->number(clip->input(2)) != 6.0)
      return std::nullopt;
    if (plus(clip->inputs[0], 3, nodes) != x) return std::nullopt;
    return named("HardSwish");
  }

  const Graph& graph_;
  const Uses& uses_;
};

}  // namespace

std::vector<Patch> fuse_activation(const Graph& graph) {
  const Uses uses(graph);
  const Activation activation(graph, uses);
  std::vector<Patch> patches;
  for (NodeId id : graph.order())
    if (auto patch = activation.at(id)) patches.push_back(std::move(*patch));
  return patches;
}

}  // namespace cermet
