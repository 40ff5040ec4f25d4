#include "runtime/step_work.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <string_view>

namespace cermet {
namespace {

// Operations an element: the largest, a difference, an exponential, the sum, a quotient.
constexpr double softmax_operations = 5;
// The mean, three for the variance, a difference, a quotient, scale and bias.
constexpr double normalization_operations = 8;

using Count = std::optional<double>;

double elements(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), 1.0, std::multiplies<>());
}

// What the counts read of a step.
struct Operands {
  const Step& step;
  const BufferShapes& shapes;

  const Shape* at(const std::vector<BufferId>& ids, size_t i) const {
    if (i >= ids.size() || ids[i] == no_buffer || !shapes[ids[i]]) return nullptr;
    return &*shapes[ids[i]];
  }
  const Shape* input(size_t i) const { return at(step.inputs, i); }
  const Shape* output() const { return at(step.outputs, 0); }
  const Attributes& attributes() const { return step.problem.attributes; }
};

Count none_needed(const Operands&) { return 0; }
Count unknown(const Operands&) { return std::nullopt; }

template <int per_element>
Count per_input_element(const Operands& operands) {
  const Shape* input = operands.input(0);
  return input == nullptr ? Count() : per_element * elements(*input);
}

// Each element of the result (of a transposed convolution: of the input) meets one filter's
// weights, which are all but the first dimension of the weights' shape.
Count convolution(const Operands& operands) {
  const bool transposed = operands.step.problem.op == "ConvTranspose";
  const Shape* meeting = transposed ? operands.input(0) : operands.output();
  const Shape* weights = operands.input(1);
  if (meeting == nullptr || weights == nullptr || weights->empty()) return {};
  return 2 * elements(*meeting) * elements(Shape(weights->begin() + 1, weights->end()));
}

Count matmul(const Operands& operands) {
  const Shape *a = operands.input(0), *result = operands.output();
  if (a == nullptr || result == nullptr || a->empty()) return {};
  const bool transposed = a->size() > 1 && operands.attributes().integer("transA", 0) != 0;
  return 2 * elements(*result) * static_cast<double>((*a)[a->size() - (transposed ? 2 : 1)]);
}

Count pooling(const Operands& operands) {
  if (!operands.attributes().has("kernel_shape")) return per_input_element<1>(operands);
  const Shape* result = operands.output();
  if (result == nullptr) return {};
  return elements(*result) * elements(operands.attributes().integers("kernel_shape"));
}

// Each element of the queries meets every key, and each element of the result every value.
Count attention(const Operands& operands) {
  const Shape *queries = operands.input(0), *keys = operands.input(1), *result = operands.output();
  if (queries == nullptr || keys == nullptr || result == nullptr || keys->size() < 3) return {};
  auto length = static_cast<double>((*keys)[keys->size() - 2]);
  constexpr size_t past_keys = 4;
  if (operands.step.inputs.size() > past_keys && operands.step.inputs[past_keys] != no_buffer) {
    const Shape* past = operands.input(past_keys);
    if (past == nullptr || past->size() < 3) return {};
    length += static_cast<double>((*past)[past->size() - 2]);
  }
  return 2 * length * (elements(*queries) + elements(*result));
}

// Each item of each sequence meets all weights of input and state.
Count recurrent(const Operands& operands) {
  const Shape *items = operands.input(0), *weights = operands.input(1), *states = operands.input(2);
  if (items == nullptr || weights == nullptr || states == nullptr || items->empty()) return {};
  const double steps = elements(Shape(items->begin(), items->end() - 1));
  return 2 * steps * (elements(*weights) + elements(*states));
}

using Counter = Count (*)(const Operands&);

struct OperatorCounter {
  std::string_view op;
  Counter count;
};
// Of operators whose family says nothing.
constexpr std::array operator_counters{
    OperatorCounter{"CumProd", per_input_element<1>},
    OperatorCounter{"CumSum", per_input_element<1>},
    OperatorCounter{"DeformConv", convolution},
    OperatorCounter{"DequantizeLinear", per_input_element<2>},
    OperatorCounter{"GRU", recurrent},
    OperatorCounter{"GatherElements", none_needed},
    OperatorCounter{"GatherND", none_needed},
    OperatorCounter{"LSTM", recurrent},
    OperatorCounter{"QuantizeLinear", per_input_element<2>},
    OperatorCounter{"RNN", recurrent},
    OperatorCounter{"ReverseSequence", none_needed},
    OperatorCounter{"RotaryEmbedding", per_input_element<3>},
    OperatorCounter{"TensorScatter", none_needed},
};

// Plugins' operators may have the names of ONNX's.
Counter counter_of(const Problem& problem) {
  if (!problem.domain.empty()) return unknown;
  const auto found = std::find_if(operator_counters.begin(), operator_counters.end(),
                                  [&](const auto& row) { return row.op == problem.op; });
  return found != operator_counters.end() ? found->count : unknown;
}

Counter counter_of(ProblemKind kind) {
  switch (kind) {
    case ProblemKind::convolution:
      return convolution;
    case ProblemKind::matmul:
      return matmul;
    case ProblemKind::pooling:
      return pooling;
    case ProblemKind::reduction:
      return per_input_element<1>;
    case ProblemKind::softmax:
      return per_input_element<static_cast<int>(softmax_operations)>;
    case ProblemKind::normalization:
      return per_input_element<static_cast<int>(normalization_operations)>;
    case ProblemKind::attention:
      return attention;
    case ProblemKind::pointwise:
    case ProblemKind::movement:
    case ProblemKind::view:
    case ProblemKind::reorder:
    case ProblemKind::dims:
      return none_needed;
    default:
      return nullptr;
  }
}

// Of the scalar expression, for one element.
double expression_operations(const ScalarExpr& expression) {
  return static_cast<double>(
      std::count_if(expression.nodes().begin(), expression.nodes().end(), [](const auto& node) {
        return node.op != ScalarOp::input && node.op != ScalarOp::constant;
      }));
}

// Of operators that read no more of their first input than they write of it.
bool reads_a_part(const Problem& problem) {
  constexpr std::array<std::string_view, 4> ops{"Gather", "GatherElements", "GatherND", "Slice"};
  return problem.domain.empty() && std::find(ops.begin(), ops.end(), problem.op) != ops.end();
}

}  // namespace

std::optional<double> operations_of(const Step& step, const BufferShapes& shapes) {
  const Operands operands{step, shapes};
  Counter counter = counter_of(step.problem.kind);
  if (counter == nullptr) counter = counter_of(step.problem);
  const Count own = counter(operands);
  if (!own || step.problem.expression.empty()) return own;
  const Shape* result = operands.output();
  if (result == nullptr) return std::nullopt;
  return *own + expression_operations(step.problem.expression) * elements(*result);
}

ElementType arithmetic_of(const Step& step) {
  ElementType first = ElementType::undefined, widest = ElementType::undefined;
  for (const auto* operands : {&step.problem.inputs, &step.problem.outputs})
    for (const auto& operand : *operands) {
      if (!operand) continue;
      const ElementType type = operand->type.element;
      if (first == ElementType::undefined) first = type;
      if (is_floating(type) && bit_width(type) > bit_width(widest)) widest = type;
    }
  return multiplies(step) || widest == ElementType::undefined ? first : widest;
}

bool multiplies(const Step& step) {
  constexpr std::array kinds{ProblemKind::convolution, ProblemKind::matmul, ProblemKind::attention};
  return std::find(kinds.begin(), kinds.end(), step.problem.kind) != kinds.end();
}

std::optional<double> bytes_of(const Plan& plan, const Step& step, const BufferShapes& shapes) {
  if (step.problem.kind == ProblemKind::view) return 0;
  if (!step.regions.empty()) return std::nullopt;
  std::set<BufferId> operands(step.inputs.begin(), step.inputs.end());
  operands.insert(step.outputs.begin(), step.outputs.end());
  operands.erase(no_buffer);
  double total = 0;
  const auto bytes = [&](BufferId id) {
    const Buffer& buffer = plan.buffer(id);
    return static_cast<double>(byte_size(buffer.type.element, *shapes[id], buffer.layout));
  };
  for (BufferId id : operands) {
    if (!shapes[id] || !plan.buffer(id).type.is_tensor()) return std::nullopt;
    total += bytes(id);
  }
  if (reads_a_part(step.problem))
    total -= std::max(bytes(step.inputs[0]) - bytes(step.outputs[0]), 0.0);
  return total;
}

}  // namespace cermet
