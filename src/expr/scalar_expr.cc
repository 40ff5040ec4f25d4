#include "expr/scalar_expr.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "expr/scalar_cast.h"

namespace cermet {
namespace {

// In the order of the enumeration.
constexpr ScalarOpInfo op_table[] = {
    {ScalarOp::input, "input", 0, ScalarTypes::leaf},
    {ScalarOp::constant, "constant", 0, ScalarTypes::leaf},
    {ScalarOp::add, "add", 2, ScalarTypes::number},
    {ScalarOp::sub, "sub", 2, ScalarTypes::number},
    {ScalarOp::mul, "mul", 2, ScalarTypes::number},
    {ScalarOp::div, "div", 2, ScalarTypes::number},
    {ScalarOp::mod, "mod", 2, ScalarTypes::number},
    {ScalarOp::fmod, "fmod", 2, ScalarTypes::number},
    {ScalarOp::pow, "pow", 2, ScalarTypes::number},
    {ScalarOp::min, "min", 2, ScalarTypes::number},
    {ScalarOp::max, "max", 2, ScalarTypes::number},
    {ScalarOp::atan2, "atan2", 2, ScalarTypes::floating},
    {ScalarOp::bit_and, "bit_and", 2, ScalarTypes::integer},
    {ScalarOp::bit_or, "bit_or", 2, ScalarTypes::integer},
    {ScalarOp::bit_xor, "bit_xor", 2, ScalarTypes::integer},
    {ScalarOp::shift_left, "shift_left", 2, ScalarTypes::integer},
    {ScalarOp::shift_right, "shift_right", 2, ScalarTypes::integer},
    {ScalarOp::logical_and, "logical_and", 2, ScalarTypes::logical},
    {ScalarOp::logical_or, "logical_or", 2, ScalarTypes::logical},
    {ScalarOp::logical_xor, "logical_xor", 2, ScalarTypes::logical},
    {ScalarOp::equal, "equal", 2, ScalarTypes::equality},
    {ScalarOp::less, "less", 2, ScalarTypes::order},
    {ScalarOp::less_equal, "less_equal", 2, ScalarTypes::order},
    {ScalarOp::neg, "neg", 1, ScalarTypes::number},
    {ScalarOp::abs, "abs", 1, ScalarTypes::number},
    {ScalarOp::sign, "sign", 1, ScalarTypes::number},
    {ScalarOp::reciprocal, "reciprocal", 1, ScalarTypes::floating},
    {ScalarOp::sqrt, "sqrt", 1, ScalarTypes::floating},
    {ScalarOp::exp, "exp", 1, ScalarTypes::floating},
    {ScalarOp::log, "log", 1, ScalarTypes::floating},
    {ScalarOp::erf, "erf", 1, ScalarTypes::floating},
    {ScalarOp::floor, "floor", 1, ScalarTypes::floating},
    {ScalarOp::ceil, "ceil", 1, ScalarTypes::floating},
    {ScalarOp::round, "round", 1, ScalarTypes::floating},
    {ScalarOp::logical_not, "logical_not", 1, ScalarTypes::logical},
    {ScalarOp::bit_not, "bit_not", 1, ScalarTypes::integer},
    {ScalarOp::sin, "sin", 1, ScalarTypes::floating},
    {ScalarOp::cos, "cos", 1, ScalarTypes::floating},
    {ScalarOp::tan, "tan", 1, ScalarTypes::floating},
    {ScalarOp::asin, "asin", 1, ScalarTypes::floating},
    {ScalarOp::acos, "acos", 1, ScalarTypes::floating},
    {ScalarOp::atan, "atan", 1, ScalarTypes::floating},
    {ScalarOp::sinh, "sinh", 1, ScalarTypes::floating},
    {ScalarOp::cosh, "cosh", 1, ScalarTypes::floating},
    {ScalarOp::tanh, "tanh", 1, ScalarTypes::floating},
    {ScalarOp::asinh, "asinh", 1, ScalarTypes::floating},
    {ScalarOp::acosh, "acosh", 1, ScalarTypes::floating},
    {ScalarOp::atanh, "atanh", 1, ScalarTypes::floating},
    {ScalarOp::sigmoid, "sigmoid", 1, ScalarTypes::floating},
    {ScalarOp::softplus, "softplus", 1, ScalarTypes::floating},
    {ScalarOp::is_nan, "is_nan", 1, ScalarTypes::classification},
    {ScalarOp::is_inf, "is_inf", 1, ScalarTypes::classification},
    {ScalarOp::select, "select", 3, ScalarTypes::selection},
    {ScalarOp::cast, "cast", 1, ScalarTypes::conversion},
};

constexpr bool in_order() {
  for (int i = 0; i < scalar_op_count; ++i) {
    if (op_table[i].op != static_cast<ScalarOp>(i)) return false;
  }
  return true;
}
static_assert(std::size(op_table) == scalar_op_count && in_order());

// Bounds the linear search for equal nodes.
constexpr size_t max_nodes = 1 << 14;
constexpr int max_operands = 1 << 14;

bool is_number(ElementType type) { return is_floating(type) || is_integer(type); }
bool is_scalar(ElementType type) { return is_number(type) || type == ElementType::boolean; }

// Whether an operation may give `type` from arguments of type `first` (all, but for selection).
bool types_fit(ScalarTypes types, ElementType type, ElementType first) {
  const bool gives_boolean = type == ElementType::boolean;
  switch (types) {
    case ScalarTypes::leaf:
      return is_scalar(type);
    case ScalarTypes::number:
      return is_number(type) && first == type;
    case ScalarTypes::floating:
      return is_floating(type) && first == type;
    case ScalarTypes::integer:
      return is_integer(type) && first == type;
    case ScalarTypes::logical:
      return gives_boolean && first == type;
    case ScalarTypes::equality:
      return gives_boolean && is_scalar(first);
    case ScalarTypes::order:
      return gives_boolean && is_number(first);
    case ScalarTypes::classification:
      return gives_boolean && is_floating(first);
    case ScalarTypes::selection:
      return is_scalar(type) && first == ElementType::boolean;
    case ScalarTypes::conversion:
      return is_scalar(type) && is_scalar(first);
  }
  return false;
}

}  // namespace

const ScalarOpInfo& info(ScalarOp op) {
  const auto index = static_cast<size_t>(op);
  require(index < std::size(op_table), ErrorCode::internal,
          "expected a scalar operation below {}, got number {}", std::size(op_table), index);
  return op_table[index];
}

std::optional<ScalarOp> scalar_op_from_name(std::string_view name) {
  for (const ScalarOpInfo& row : op_table) {
    if (row.name == name) return row.op;
  }
  return std::nullopt;
}

bool ScalarNode::operator==(const ScalarNode& other) const {
  return op == other.op && type == other.type && args == other.args && index == other.index &&
         std::bit_cast<uint64_t>(value) == std::bit_cast<uint64_t>(other.value) &&
         integer == other.integer && saturate == other.saturate;
}

int ScalarExpr::append(const ScalarNode& node) {
  const auto found = std::find(nodes_.begin(), nodes_.end(), node);
  if (found != nodes_.end()) return static_cast<int>(found - nodes_.begin());
  require(nodes_.size() < max_nodes, ErrorCode::internal,
          "expected a scalar expression of at most {} nodes; fuse less into one", max_nodes);
  nodes_.push_back(node);
  return static_cast<int>(nodes_.size()) - 1;
}

int ScalarExpr::input(int operand, ElementType type) {
  require(operand >= 0 && operand < max_operands, ErrorCode::internal,
          "expected an operand number below {}, got {}", max_operands, operand);
  require(is_scalar(type), ErrorCode::internal,
          "expected operand {} to be of a real number type or boolean, got {}", operand,
          name(type));
  ScalarNode node{.op = ScalarOp::input, .type = type};
  node.index = operand;
  return append(node);
}

int ScalarExpr::constant(double value, ElementType type) {
  if (!is_floating(type)) {
    const bool whole = std::trunc(value) == value && std::fabs(value) < 0x1p63;
    require(whole, ErrorCode::internal, "expected a constant of type {}, got {}", name(type),
            value);
    return constant_integer(static_cast<int64_t>(value), type);
  }
  ScalarNode node{.op = ScalarOp::constant, .type = type};
  const double rounded = round_to_type(type, value);
  node.value = std::isnan(rounded) ? std::numeric_limits<double>::quiet_NaN() : rounded;
  return append(node);
}

int ScalarExpr::constant_integer(int64_t value, ElementType type) {
  if (is_floating(type)) return constant(static_cast<double>(value), type);
  require(is_scalar(type) && wrap_integer(type, value) == value, ErrorCode::internal,
          "expected a constant of type {}, got {}", name(type), value);
  ScalarNode node{.op = ScalarOp::constant, .type = type};
  node.integer = value;
  return append(node);
}

int ScalarExpr::apply(ScalarOp op, ElementType type, std::span<const int> args) {
  const ScalarOpInfo& row = info(op);
  const auto fault = [&](std::string_view expected, const auto& got) {
    fail(ErrorCode::internal, "scalar operation {} {}: expected {}, got {}", row.name, name(type),
         expected, got);
  };
  if (row.types == ScalarTypes::leaf) fault("input() or constant() to make it", "apply()");
  if (args.size() != static_cast<size_t>(row.arity))
    fault(fmt::format("{} arguments", row.arity), args.size());
  if (op == ScalarOp::cast && args[0] >= 0 && args[0] < static_cast<int>(nodes_.size()))
    return cast(args[0], type);
  ScalarNode node{.op = op, .type = type};
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i] < 0 || args[i] >= static_cast<int>(nodes_.size()))
      fault("an earlier node", args[i]);
    node.args[i] = args[i];
  }
  const ElementType first = nodes_[args[0]].type;
  if (!types_fit(row.types, type, first)) fault("arguments of another type", name(first));
  const ElementType rest = row.types == ScalarTypes::selection ? type : first;
  for (const int arg : args.subspan(1)) {
    if (nodes_[arg].type != rest) fault(name(rest), name(nodes_[arg].type));
  }
  return append(node);
}

int ScalarExpr::cast(int node, ElementType type, bool saturate) {
  require(node >= 0 && node < static_cast<int>(nodes_.size()), ErrorCode::internal,
          "casting a scalar: expected an earlier node, got {}", node);
  require(is_scalar(type), ErrorCode::internal,
          "casting a scalar: expected a real number type or boolean, got {}", name(type));
  if (nodes_[node].type == type) return node;
  ScalarNode result{.op = ScalarOp::cast, .type = type};
  result.args[0] = node;
  result.saturate = saturate;
  return append(result);
}

std::vector<int> ScalarExpr::inline_expression(const ScalarExpr& other,
                                               std::span<const int> operands) {
  std::vector<int> moved;
  moved.reserve(other.nodes_.size());
  for (ScalarNode node : other.nodes_) {
    if (node.op == ScalarOp::input) {
      require(node.index < static_cast<int>(operands.size()), ErrorCode::internal,
              "inlining a scalar expression: expected {} operands, got {}", other.operand_count(),
              operands.size());
      const int operand = operands[node.index];
      require(operand >= 0 && operand < static_cast<int>(nodes_.size()) &&
                  nodes_[operand].type == node.type,
              ErrorCode::internal, "inlining a scalar expression: operand {}: expected a {} node",
              node.index, name(node.type));
      moved.push_back(operand);
      continue;
    }
    for (int32_t& arg : node.args) {
      if (arg >= 0) arg = moved[arg];
    }
    moved.push_back(append(node));
  }
  std::vector<int> results;
  results.reserve(other.results_.size());
  for (const int result : other.results_) results.push_back(moved[result]);
  return results;
}

int ScalarExpr::operand_count() const {
  int count = 0;
  for (const ScalarNode& node : nodes_) {
    if (node.op == ScalarOp::input) count = std::max(count, node.index + 1);
  }
  return count;
}

bool ScalarExpr::is_identity() const {
  if (results_.size() != 1) return false;
  const ScalarNode& node = nodes_[results_[0]];
  return node.op == ScalarOp::input && node.index == 0;
}

}  // namespace cermet
