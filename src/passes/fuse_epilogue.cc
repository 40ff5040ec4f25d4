// An elementwise operator after a convolution or matrix product becomes its epilogue: bias,
// activation, residual addition, in any order and number.
#include <algorithm>
#include <array>

#include "passes/elementwise.h"
#include "passes/match.h"
#include "passes/passes.h"

namespace cermet {
namespace {

constexpr size_t most_operands = 8;

struct Producer {
  std::string_view op;
  size_t inputs;  // of its own, in whose places nothing else may stand
  std::string_view domain = {};
  bool multiplies_bytes = false;
};
constexpr std::array producers{Producer{"Conv", 3},
                               Producer{"ConvTranspose", 3},
                               Producer{"MatMul", 2},
                               Producer{"Gemm", 3},
                               Producer{"MatMulInteger", 4, {}, true},
                               Producer{"ConvInteger", 4, {}, true},
                               Producer{"MatMulFloat8", 2, "cermet", true},
                               Producer{"ConvFloat8", 2, "cermet", true}};

const Producer* producer_of(const Node& node) {
  const auto* found = std::find_if(producers.begin(), producers.end(), [&](const Producer& row) {
    return node.is(row.op, row.domain);
  });
  return found != producers.end() ? found : nullptr;
}

bool takes_epilogue(const Node& node) { return producer_of(node) != nullptr; }

bool multiplies_bytes(const Node& node) { return producer_of(node)->multiplies_bytes; }

// Sums of bytes become floats in the epilogue. Bytes that it ends with may become floats again.
bool goes_on(const Node& producer, const Node& reader, ElementType joint) {
  if (is_floating(joint)) return true;
  if (!multiplies_bytes(producer)) return false;
  return joint == ElementType::int32 || (producer.epilogue && reader.is("DequantizeLinear"));
}

// What dequantises an operand of the reader, where a product of bytes may do that itself: the bytes
// are less to read, and the step that would make floats of them is spared.
const Node* dequantizes(const Graph& graph, const Node& producer, ValueId operand) {
  const Node* node = multiplies_bytes(producer) ? graph.producer(operand) : nullptr;
  if (node == nullptr || !node->is("DequantizeLinear") ||
      bit_width(graph.type(node->inputs[0]).element) != 8 || !elementwise_expression(graph, *node))
    return nullptr;
  for (size_t i = 1; i < node->inputs.size(); ++i)
    if (node->inputs[i] != no_value && constant_of(graph, node->inputs[i]) == nullptr)
      return nullptr;
  return node;
}

// Starts the new expression with what the producer does already; returns the node of its result.
int hand_on(const Graph& graph, const Node& producer, ValueId joint, size_t first,
            ScalarExpr& expression) {
  if (!producer.epilogue) return expression.input(0, graph.type(joint).element);
  const ScalarExpr& before = producer.epilogue->expression;
  std::vector<int> operands(1 + producer.inputs.size() - first, -1);
  for (const ScalarNode& node : before.nodes())
    if (node.op == ScalarOp::input) operands[node.index] = expression.input(node.index, node.type);
  return expression.inline_expression(before, operands)[0];
}

// The producer with `reader`, which reads its result as inputs `places`, as (more of) its epilogue.
Node fused(const Graph& graph, const Node& producer, const Node& reader, ValueId joint,
           const ScalarExpr& reader_expression) {
  Node node = producer;
  size_t first = producer.epilogue ? producer.epilogue->first_input : producer.inputs.size();
  if (!producer.epilogue) {
    first = producer_of(node)->inputs;  // so that a convolution's bias stays in its place
    node.inputs.resize(first, no_value);
  }
  ScalarExpr expression;
  const int result = hand_on(graph, producer, joint, first, expression);
  const auto read = [&](ValueId input) {
    if (input == joint) return result;
    if (input == no_value) return -1;
    if (const auto scalar = add_scalar(graph.value(input), expression)) return *scalar;
    node.inputs.push_back(input);
    return expression.input(static_cast<int>(node.inputs.size() - first),
                            graph.type(input).element);
  };
  std::vector<int> arguments;
  for (ValueId input : reader.inputs) {
    const Node* bytes =
        input == joint || input == no_value ? nullptr : dequantizes(graph, producer, input);
    if (bytes == nullptr) {
      arguments.push_back(read(input));
      continue;
    }
    std::vector<int> operands;
    for (ValueId operand : bytes->inputs) operands.push_back(read(operand));
    arguments.push_back(
        expression.inline_expression(*elementwise_expression(graph, *bytes), operands)[0]);
    node.origin.merge(bytes->origin);
  }
  expression.add_result(expression.inline_expression(reader_expression, arguments)[0]);
  node.epilogue = Epilogue{std::move(expression), first};
  node.origin.merge(reader.origin);
  return node;
}

// Whether the elementwise `reader` can become the epilogue of `producer`; `why` not, if asked for.
bool can_take(const Graph& graph, const Node& producer, const Node& reader, const Uses& uses,
              std::string* why) {
  const ValueId joint = producer.outputs[0];
  if (uses.sole_reading_node(joint) == no_node)
    return refuse_internal(why, graph, joint, uses.readers(joint));
  const ValueType& type = graph.type(joint);
  const ValueType& result = graph.type(reader.outputs[0]);
  if (!goes_on(producer, reader, type.element))
    return refuse(why, "the product is {}; epilogues work on floating-point numbers",
                  name(type.element));
  if (!(type.dims == result.dims))
    return refuse(why, "the sizes differ: {} and {}", type.to_string(), result.to_string());
  const size_t operands =
      producer.epilogue ? producer.inputs.size() - producer.epilogue->first_input : 0;
  if (operands + reader.inputs.size() > most_operands)
    return refuse(why, "the epilogue would have up to {} operands, {} is the most",
                  operands + reader.inputs.size(), most_operands);
  return true;
}

std::optional<Patch> fuse(const Graph& graph, NodeId id, const Uses& uses) {
  const Node& producer = graph.node(id);
  if (!takes_epilogue(producer)) return std::nullopt;
  const ValueId joint = producer.outputs[0];
  const NodeId reader_id = uses.sole_reading_node(joint);
  if (reader_id == no_node) return std::nullopt;
  const Node& reader = graph.node(reader_id);
  const auto expression = elementwise_expression(graph, reader);
  if (!expression || !can_take(graph, producer, reader, uses, nullptr)) return std::nullopt;
  Patch patch(graph);
  patch.consume(id);
  patch.consume(reader_id);
  patch.replace(reader.outputs[0], patch.add(fused(graph, producer, reader, joint, *expression)));
  return patch;
}

}  // namespace

std::vector<Patch> fuse_epilogue(const Graph& graph) {
  const Uses uses(graph);
  std::vector<Patch> patches;
  // Last producers first: a residual sum joins the one of its operands that is made last.
  const std::vector<NodeId> order = graph.order();
  for (size_t i = order.size(); i-- > 0;)
    if (auto patch = fuse(graph, order[i], uses)) patches.push_back(std::move(*patch));
  return patches;
}

void near_fuse_epilogue(const Graph& graph, NearFusions& near) {
  const Uses uses(graph);
  for (NodeId id : graph.order()) {
    const Node& producer = graph.node(id);
    if (!takes_epilogue(producer)) continue;
    for (NodeId reader : uses.readers(producer.outputs[0])) {
      std::string why = why_not_elementwise(graph, graph.node(reader));
      if (elementwise_expression(graph, graph.node(reader)))
        can_take(graph, producer, graph.node(reader), uses, &why);
      if (!why.empty()) near.add(graph, {id, reader}, std::move(why));
    }
  }
}

}  // namespace cermet
