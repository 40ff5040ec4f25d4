#include "backends/cuda/build/plain_epilogue.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace cermet::cuda {
namespace {

using Activation = PlainEpilogue::Activation;

bool is_zero(const ScalarNode& node) { return node.op == ScalarOp::constant && node.value == 0; }

// Reads an expression from its end, over casts between floats.
class EpilogueReader {
 public:
  explicit EpilogueReader(const ScalarExpr& expression) : expression_(expression) {}

  // The operands that are added up, once each, if that is all but for the activation.
  std::optional<std::vector<int>> sum(Activation& activation) const {
    if (!is_floating()) return std::nullopt;
    int node = without_casts(expression_.results()[0]);
    if (const auto bounded = bounded_by_zero(node)) {
      activation = Activation::relu;
      node = without_casts(*bounded);
    }
    std::vector<int> operands;
    if (add_up(node, operands)) return operands;
    activation = Activation::gelu;
    if (is_gelu()) return all_operands();
    return std::nullopt;
  }

 private:
  bool is_floating() const {
    return std::all_of(expression_.nodes().begin(), expression_.nodes().end(),
                       [](const ScalarNode& node) { return cermet::is_floating(node.type); });
  }

  const ScalarNode& at(int node) const { return expression_.nodes()[static_cast<size_t>(node)]; }

  int without_casts(int node) const {
    while (at(node).op == ScalarOp::cast) node = at(node).args[0];
    return node;
  }

  std::optional<int> bounded_by_zero(int node) const {
    if (at(node).op != ScalarOp::max) return std::nullopt;
    const auto [first, second, none] = at(node).args;
    if (is_zero(at(second))) return first;
    if (is_zero(at(first))) return second;
    return std::nullopt;
  }

  bool add_up(int node, std::vector<int>& operands) const {
    node = without_casts(node);
    if (at(node).op == ScalarOp::input) {
      operands.push_back(at(node).index);
      return std::count(operands.begin(), operands.end(), operands.back()) == 1;
    }
    return at(node).op == ScalarOp::add && add_up(at(node).args[0], operands) &&
           add_up(at(node).args[1], operands);
  }

  std::vector<int> all_operands() const {
    std::vector<int> operands;
    for (int i = 0; i < expression_.operand_count(); ++i) operands.push_back(i);
    return operands;
  }

  // It is written in many ways, all of which have its values. The form with erf departs from it by
  // 3 % at -2.5.
  bool is_gelu() const {
    constexpr std::array points{-8.0, -4.0, -2.5, -1.0, -0.5, 0.0, 0.25, 1.0, 2.0, 4.0, 1000.0};
    constexpr double offset = 0.125;  // of each operand
    const int operands = expression_.operand_count();
    if (operands < 1 || operands > 3) return false;
    const bool is_wide = expression_.result_type() == ElementType::float32;
    return std::all_of(points.begin(), points.end(), [&](double point) {
      std::vector<WideScalar> values(static_cast<size_t>(operands), {offset, 0});
      values[0].real = point;
      WideScalar result;
      evaluate_point(expression_, values, std::span(&result, 1));
      const double x = point + offset * (operands - 1);
      const double expected =
          0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
      const double allowed = is_wide ? 1e-4 : 1e-2;
      return std::abs(result.real - expected) <= allowed * std::abs(expected) + 1e-4;
    });
  }

  const ScalarExpr& expression_;
};

class OperandSorter {
 public:
  OperandSorter(const Problem& problem, std::optional<size_t> column)
      : problem_(problem), result_(*problem.outputs[0]), column_(column) {}

  // Whether the input has its place in the epilogue.
  bool add(size_t input, PlainEpilogue& epilogue) const {
    const Operand& operand = *problem_.inputs[input];
    if (operand.type.element != result_.type.element) return false;
    std::optional<size_t>& place = is_bias(operand) ? epilogue.bias : epilogue.addend;
    if (place || (!is_bias(operand) && !lies_as_result(operand))) return false;
    place = input;
    return true;
  }

 private:
  bool lies_as_result(const Operand& operand) const {
    return operand.type.dims == result_.type.dims && operand.layout == result_.layout;
  }

  // All sizes are 1 but that of the columns, counted from the innermost dimension as broadcasting
  // does.
  bool is_bias(const Operand& operand) const {
    const Dims &dims = *operand.type.dims, &result = *result_.type.dims;
    if (!column_ || dims.size() > result.size()) return false;
    const size_t lead = result.size() - dims.size();
    if (*column_ < lead) return false;
    for (size_t d = 0; d < dims.size(); ++d)
      if (d + lead != *column_ && !dims[d].is_constant(1)) return false;
    return dims[*column_ - lead] == result[*column_];
  }

  const Problem& problem_;
  const Operand& result_;
  std::optional<size_t> column_;
};

}  // namespace

std::optional<PlainEpilogue> plain_epilogue(const Problem& problem, std::optional<size_t> column,
                                            std::optional<size_t> bias) {
  PlainEpilogue epilogue;
  if (bias) {
    if (problem.inputs[*bias]->type.element != problem.outputs[0]->type.element)
      return std::nullopt;
    epilogue.bias = bias;
  }
  if (!problem.has_epilogue()) return epilogue;
  if (problem.expression.results().size() != 1) return std::nullopt;
  const auto operands = EpilogueReader(problem.expression).sum(epilogue.activation);
  if (!operands || std::count(operands->begin(), operands->end(), 0) != 1) return std::nullopt;
  const OperandSorter sorter(problem, column);
  for (const int operand : *operands)
    if (operand > 0 &&
        !sorter.add(problem.epilogue_first + static_cast<size_t>(operand) - 1, epilogue))
      return std::nullopt;
  return epilogue;
}

}  // namespace cermet::cuda
