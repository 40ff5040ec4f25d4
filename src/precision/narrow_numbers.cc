#include "precision/narrow_numbers.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace cermet {
namespace {

template <class Holds>
bool any_number(const Tensor& tensor, Holds holds) {
  const float* numbers = tensor.as<float>();
  return std::any_of(numbers, numbers + tensor.elements(), holds);
}

bool is_wave(ScalarOp op) {
  return op == ScalarOp::sin || op == ScalarOp::cos || op == ScalarOp::tan;
}

}  // namespace

double largest_number(ElementType type) {
  return type == ElementType::float16 ? 65504 : 0x1.fep127;
}

bool exceeds(const Tensor& tensor, ElementType type) {
  const auto most = static_cast<float>(largest_number(type));
  return any_number(tensor, [&](float x) { return std::isfinite(x) && std::abs(x) > most; });
}

bool vanishes(const Tensor& tensor, ElementType type) {
  const float least = type == ElementType::float16 ? 0x1p-24F : 0x1p-133F;
  return any_number(tensor, [&](float x) { return x != 0 && std::abs(x) < least; });
}

Tensor narrowed(const Tensor& tensor, ElementType type) {
  constexpr int64_t piece = int64_t{1} << 16;  // so that the wide numbers in between are few
  const double most = largest_number(type);
  Tensor result(type, tensor.shape());
  const float* from = tensor.as<float>();
  auto* to = static_cast<std::byte*>(result.view().data);
  std::vector<double> numbers;
  for (int64_t done = 0; done < tensor.elements(); done += piece) {
    const int64_t count = std::min(piece, tensor.elements() - done);
    numbers.assign(from + done, from + done + count);
    for (double& number : numbers)
      if (std::isfinite(number)) number = std::clamp(number, -most, most);
    TensorView part = result.view();
    part.shape = {count};
    part.data = to + done * 2;
    store_all(part, numbers);
  }
  return result;
}

int add_narrowed(ScalarExpr& expression, int node, ElementType type, bool saturate) {
  constexpr auto wide = ElementType::float32;
  if (!saturate) return expression.cast(node, type);
  const double most = largest_number(type);
  const int low = expression.apply(ScalarOp::max, wide, {node, expression.constant(-most, wide)});
  const int inside = expression.apply(ScalarOp::min, wide, {low, expression.constant(most, wide)});
  const int infinite = expression.apply(ScalarOp::is_inf, ElementType::boolean, {node});
  return expression.cast(expression.apply(ScalarOp::select, wide, {infinite, node, inside}), type);
}

bool exceeds(const ScalarExpr& expression, ElementType type) {
  return std::any_of(
      expression.nodes().begin(), expression.nodes().end(), [&](const ScalarNode& node) {
        return node.op == ScalarOp::constant && node.type == ElementType::float32 &&
               std::isfinite(node.value) && std::abs(node.value) > largest_number(type);
      });
}

bool has_waves(const ScalarExpr& expression) {
  return std::any_of(expression.nodes().begin(), expression.nodes().end(),
                     [](const ScalarNode& node) { return is_wave(node.op); });
}

ScalarExpr retyped(const ScalarExpr& expression, std::span<const ElementType> types,
                   std::span<const ElementType> results, bool saturate) {
  ScalarExpr made;
  std::vector<int> operands(static_cast<size_t>(expression.operand_count()), -1);
  for (const ScalarNode& node : expression.nodes()) {
    if (node.op != ScalarOp::input || operands[node.index] >= 0) continue;
    operands[node.index] = made.cast(made.input(node.index, types[node.index]), node.type);
  }
  const std::vector<int> inner = made.inline_expression(expression, operands);
  for (size_t i = 0; i < inner.size(); ++i)
    made.add_result(expression.result_type(i) == results[i]
                        ? inner[i]
                        : add_narrowed(made, inner[i], results[i], saturate));
  return made;
}

}  // namespace cermet
