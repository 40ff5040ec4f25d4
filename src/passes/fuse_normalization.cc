// Normalisation of rows written out, d / sqrt(mean(d^2) + epsilon) over the last dimension with
// what scales and shifts it, becomes one operator: LayerNormalization where d is x - mean(x),
// RMSNormalization otherwise.
#include <algorithm>

#include "passes/match.h"
#include "passes/passes.h"

namespace cermet {
namespace {

struct Normalized {
  ValueId numerator = no_value;
  double epsilon = 0;
  std::vector<NodeId> nodes;
};

class Normalization {
 public:
  Normalization(const Graph& graph, const Uses& uses) : graph_(graph), uses_(uses) {}

  std::optional<Patch> at(NodeId id) const {
    const Node& node = graph_.node(id);
    if (!(node.is("Div") || node.is("Mul"))) return std::nullopt;
    const ValueType& type = graph_.type(node.outputs[0]);
    if (type.element != ElementType::float32 || !type.has_rank() || type.rank() == 0 ||
        !type.dims->back().is_constant() || type.dims->back().is_constant(0))
      return std::nullopt;
    for (size_t side : {0, 1}) {
      if (side == 1 && node.is("Div")) break;
      Normalized found{node.inputs[side], 0, {id}};
      if (graph_.type(found.numerator).dims != type.dims) continue;
      const auto root = root_of(node.inputs[1 - side], node.is("Div"), found);
      if (root && mean_of_squares(*root, found)) return patch_of(id, std::move(found));
    }
    return std::nullopt;
  }

 private:
  // The producer of a value that one node alone reads.
  const Node* inner(ValueId id, std::string_view op, Normalized& found) const {
    const NodeId producer = id == no_value ? no_node : graph_.value(id).producer;
    if (producer == no_node || uses_.sole_reading_node(id) == no_node) return nullptr;
    if (!graph_.node(producer).is(op)) return nullptr;
    found.nodes.push_back(producer);
    return &graph_.node(producer);
  }

  std::optional<double> number(ValueId id) const {
    const Tensor* tensor = constant_of(graph_, id);
    if (tensor == nullptr || tensor->elements() != 1) return std::nullopt;
    return load_element<double>(tensor->view(), 0);
  }

  // Under the root: what is divided by it, or multiplied with its inverse.
  std::optional<ValueId> root_of(ValueId id, bool divides, Normalized& found) const {
    if (!divides) {
      if (const Node* inverse = inner(id, "Reciprocal", found))
        id = inverse->inputs[0];
      else if (const Node* one = inner(id, "Div", found); one && number(one->inputs[0]) == 1.0)
        id = one->inputs[1];
      else if (const Node* power = inner(id, "Pow", found);
               power && number(power->inputs[1]) == -0.5)
        return power->inputs[0];
      else
        return std::nullopt;
    }
    const Node* root = inner(id, "Sqrt", found);
    return root == nullptr ? std::nullopt : std::optional(root->inputs[0]);
  }

  // Over the last dimension, which stays with size 1.
  bool is_row_mean(const Node& node) const {
    const auto axes = known_integers(graph_, node.input(1));
    const ValueType& type = graph_.type(node.inputs[0]);
    if (!axes || axes->size() != 1 || !type.has_rank()) return false;
    const bool last = (*axes)[0] == -1 || (*axes)[0] == type.rank() - 1;
    return last && node.attributes.integer("keepdims", 1) == 1;
  }

  bool mean_of_squares(ValueId id, Normalized& found) const {
    const Node* sum = inner(id, "Add", found);
    if (sum == nullptr) return false;
    const size_t constant = number(sum->inputs[1]) ? 1 : 0;
    const auto epsilon = number(sum->inputs[constant]);
    const Node* mean = inner(sum->inputs[1 - constant], "ReduceMean", found);
    if (!epsilon || *epsilon < 0 || mean == nullptr || !is_row_mean(*mean)) return false;
    found.epsilon = *epsilon;
    const ValueId d = found.numerator;
    if (const Node* power = inner(mean->inputs[0], "Pow", found))
      return power->inputs[0] == d && number(power->inputs[1]) == 2.0;
    const Node* square = inner(mean->inputs[0], "Mul", found);
    return square != nullptr && square->inputs[0] == d && square->inputs[1] == d;
  }

  // x where the numerator is x - mean(x) and serves nothing else.
  std::optional<ValueId> centred(Normalized& found) const {
    const NodeId producer = graph_.value(found.numerator).producer;
    if (producer == no_node || !graph_.node(producer).is("Sub")) return std::nullopt;
    if (graph_.is_output(found.numerator)) return std::nullopt;
    for (NodeId reader : uses_.readers(found.numerator))
      if (std::find(found.nodes.begin(), found.nodes.end(), reader) == found.nodes.end())
        return std::nullopt;
    const Node& difference = graph_.node(producer);
    Normalized more = found;
    const Node* mean = inner(difference.inputs[1], "ReduceMean", more);
    if (mean == nullptr || mean->inputs[0] != difference.inputs[0] || !is_row_mean(*mean))
      return std::nullopt;
    found.nodes = more.nodes;
    found.nodes.push_back(producer);
    return difference.inputs[0];
  }

  // The constant that the value's only reader, an `op`, combines each row with; `result` moves on.
  std::optional<ValueId> row_constant(std::string_view op, ValueId& result, Patch& patch) const {
    const NodeId reader = uses_.only_reader(result);
    if (reader == no_node || !graph_.node(reader).is(op)) return std::nullopt;
    const Node& node = graph_.node(reader);
    const ValueId row = node.inputs[node.inputs[0] == result ? 1 : 0];
    const Tensor* tensor = constant_of(graph_, row);
    const Dims& dims = *graph_.type(result).dims;
    if (tensor == nullptr || tensor->shape().empty() || tensor->shape().size() > dims.size())
      return std::nullopt;
    const int64_t length = dims.back().constant();
    if (tensor->elements() != length || tensor->shape().back() != length) return std::nullopt;
    patch.consume(reader);
    result = node.outputs[0];
    if (tensor->shape().size() == 1) return row;
    Tensor flat(tensor->type(), {length});
    store_all<double>(flat.view(), load_all<double>(tensor->view()));
    return patch.constant(std::move(flat), derived_recipe(graph_, {row}, "reshape to one row"));
  }

  Patch patch_of(NodeId id, Normalized found) const {
    const auto x = centred(found);
    Patch patch(graph_);
    for (NodeId node : found.nodes) patch.consume(node);
    ValueId result = graph_.node(id).outputs[0];
    Node node;
    node.op = x ? "LayerNormalization" : "RMSNormalization";
    node.attributes.set("axis", int64_t{-1});
    node.attributes.set("epsilon", found.epsilon);
    const auto scale = row_constant("Mul", result, patch);
    node.inputs = {x ? *x : found.numerator, scale ? *scale : ones(result, patch)};
    if (x)
      if (const auto bias = row_constant("Add", result, patch)) node.inputs.push_back(*bias);
    patch.replace(result, patch.add(std::move(node)));
    return patch;
  }

  ValueId ones(ValueId result, Patch& patch) const {
    const int64_t length = graph_.type(result).dims->back().constant();
    Tensor tensor(ElementType::float32, {length});
    std::fill_n(tensor.view().as<float>(), length, 1.0f);
    return patch.constant(std::move(tensor));
  }

  const Graph& graph_;
  const Uses& uses_;
};

}  // namespace

std::vector<Patch> fuse_normalization(const Graph& graph) {
  const Uses uses(graph);
  const Normalization normalization(graph, uses);
  std::vector<Patch> patches;
  for (NodeId id : graph.order())
    if (auto patch = normalization.at(id)) patches.push_back(std::move(*patch));
  return patches;
}

}  // namespace cermet
