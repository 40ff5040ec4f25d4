#include "passes/never_fails.h"

#include <algorithm>
#include <array>

namespace cermet {
namespace {

using Fits = bool (*)(const Graph&, const Node&);

bool numbers(const Graph& graph, const Node& node) {
  return std::ranges::all_of(node.inputs, [&](ValueId id) {
    return id == no_value ||
           (graph.type(id).is_tensor() && graph.type(id).element != ElementType::string);
  });
}

// A Cast to text always works, one from text does not.
bool one_tensor(const Graph& graph, const Node& node) {
  return node.inputs.size() == 1 && numbers(graph, node) && graph.type(node.inputs[0]).has_rank();
}

// Sizes are equal, or one of them is 1, whatever the symbols are.
bool broadcast(const Dims& a, const Dims& b) {
  for (size_t i = 1; i <= std::min(a.size(), b.size()); ++i) {
    const Dim &x = a[a.size() - i], &y = b[b.size() - i];
    if (!(x == y) && !x.is_constant(1) && !y.is_constant(1)) return false;
  }
  return true;
}

bool all_broadcast(const Graph& graph, const Node& node) {
  if (!numbers(graph, node)) return false;
  for (ValueId a : node.inputs)
    for (ValueId b : node.inputs)
      if (!graph.type(a).has_rank() || !graph.type(b).has_rank() ||
          !broadcast(*graph.type(a).dims, *graph.type(b).dims))
        return false;
  return true;
}

bool product(const Graph& graph, const Node& node) {
  const ValueType &a = graph.type(node.inputs[0]), &b = graph.type(node.inputs[1]);
  if (!a.has_rank() || !b.has_rank() || a.rank() < 2 || b.rank() < 2) return false;
  const auto batch = [](const ValueType& type) {
    return Dims(type.dims->begin(), type.dims->end() - 2);
  };
  return a.dims->back() == (*b.dims)[b.rank() - 2] && broadcast(batch(a), batch(b));
}

// Sizes are numbers and what else counts is constant: inference has checked it.
bool checked_while_building(const Graph& graph, const Node& node) {
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == no_value) continue;
    if (!graph.type(node.inputs[i]).is_static()) return false;
    if (i > 0 && node.op != "Concat" && !graph.value(node.inputs[i]).constant) return false;
  }
  return true;
}

struct Row {
  std::string_view op;
  Fits fits;
};
constexpr std::array rows{
    Row{"Abs", one_tensor},
    Row{"Cast", one_tensor},
    Row{"Ceil", one_tensor},
    Row{"Cos", one_tensor},
    Row{"Elu", one_tensor},
    Row{"Erf", one_tensor},
    Row{"Exp", one_tensor},
    Row{"Floor", one_tensor},
    Row{"Gelu", one_tensor},
    Row{"HardSigmoid", one_tensor},
    Row{"HardSwish", one_tensor},
    Row{"Identity", one_tensor},
    Row{"LeakyRelu", one_tensor},
    Row{"Log", one_tensor},
    Row{"LogSoftmax", one_tensor},
    Row{"Mish", one_tensor},
    Row{"Neg", one_tensor},
    Row{"Not", one_tensor},
    Row{"Reciprocal", one_tensor},
    Row{"Relu", one_tensor},
    Row{"Round", one_tensor},
    Row{"Shape", one_tensor},
    Row{"Sigmoid", one_tensor},
    Row{"Sign", one_tensor},
    Row{"Sin", one_tensor},
    Row{"Size", one_tensor},
    Row{"Softmax", one_tensor},
    Row{"Softplus", one_tensor},
    Row{"Sqrt", one_tensor},
    Row{"Swish", one_tensor},
    Row{"Tanh", one_tensor},
    Row{"Transpose", one_tensor},
    Row{"Add", all_broadcast},
    Row{"And", all_broadcast},
    Row{"Equal", all_broadcast},
    Row{"Greater", all_broadcast},
    Row{"GreaterOrEqual", all_broadcast},
    Row{"Less", all_broadcast},
    Row{"LessOrEqual", all_broadcast},
    Row{"Max", all_broadcast},
    Row{"Min", all_broadcast},
    Row{"Mul", all_broadcast},
    Row{"Or", all_broadcast},
    Row{"Sub", all_broadcast},
    Row{"Where", all_broadcast},
    Row{"Xor", all_broadcast},
    Row{"MatMul", product},
    Row{"Concat", checked_while_building},
    Row{"Expand", checked_while_building},
    Row{"Flatten", checked_while_building},
    Row{"ReduceMax", checked_while_building},
    Row{"ReduceMean", checked_while_building},
    Row{"ReduceSum", checked_while_building},
    Row{"Reshape", checked_while_building},
    Row{"Slice", checked_while_building},
    Row{"Squeeze", checked_while_building},
    Row{"Tile", checked_while_building},
    Row{"Unsqueeze", checked_while_building},
};

}  // namespace

bool never_fails(const Graph& graph, const Node& node) {
  if (!node.domain.empty() || node.epilogue) return false;
  const auto row =
      std::ranges::find_if(rows, [&](const Row& candidate) { return candidate.op == node.op; });
  return row != rows.end() && row->fits(graph, node);
}

}  // namespace cermet
