// Scalar expressions: what happens to one element. Pointwise chains, activations, quantisation
// steps, epilogues and prologues are all this one type.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/scalar.h"
#include "cermet/element_type.h"

namespace cermet {

enum class ScalarOp : uint8_t {
  input,     // operand number `index`
  constant,  // `value` (or `integer` for integer types)
  // binary, both arguments of the node's type
  add,
  sub,
  mul,
  div,
  mod,
  fmod,
  pow,
  min,
  max,
  atan2,
  bit_and,
  bit_or,
  bit_xor,
  shift_left,
  shift_right,
  logical_and,
  logical_or,
  logical_xor,
  // binary, result boolean
  equal,
  less,
  less_equal,
  // unary
  neg,
  abs,
  sign,
  reciprocal,
  sqrt,
  exp,
  log,
  erf,
  floor,
  ceil,
  round,
  logical_not,
  bit_not,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  sigmoid,
  softplus,
  is_nan,
  is_inf,
  // ternary: arguments condition, then, otherwise
  select,
  // unary, to the node's type
  cast,
};

// Names, arities: one row an operation.
struct ScalarOpInfo {
  ScalarOp op;
  std::string_view name;
  int arity;
};
const ScalarOpInfo& info(ScalarOp op);
std::optional<ScalarOp> scalar_op_from_name(std::string_view name);

// One SSA node: its arguments stand before it. Floats compute in the node's own type or wider;
// integers wrap; division of integers rounds towards zero.
struct ScalarNode {
  ScalarOp op = ScalarOp::input;
  ElementType type = ElementType::float32;
  std::array<int32_t, 3> args{-1, -1, -1};
  int32_t index = -1;    // input: which operand
  double value = 0;      // constant of a float type
  int64_t integer = 0;   // constant of an integer type or boolean
  bool saturate = true;  // cast to an integer or small float clamps (false: wraps / overflows)

  bool operator==(const ScalarNode&) const = default;
};

// Every operand is indexed by the result's coordinates under numpy broadcasting: an operand of
// lower rank is aligned at the innermost dimension, a size-1 dimension repeats. Which dimensions
// repeat is decided by concrete shapes when a kernel is bound.
class ScalarExpr {
 public:
  // Building: each returns the new node's index. Equal nodes are shared.
  int input(int operand, ElementType type);
  int constant(double value, ElementType type);
  int constant_integer(int64_t value, ElementType type);
  int apply(ScalarOp op, ElementType type, std::span<const int> args);
  int apply(ScalarOp op, ElementType type, std::initializer_list<int> args) {
    return apply(op, type, std::span<const int>(args.begin(), args.size()));
  }
  int cast(int node, ElementType type, bool saturate = true);
  void add_result(int node) { results_.push_back(node); }

  // Copies the nodes of `other` into this expression, its operand i replaced by the node
  // operands[i]; returns the nodes that hold its results.
  std::vector<int> inline_expression(const ScalarExpr& other, std::span<const int> operands);

  const std::vector<ScalarNode>& nodes() const { return nodes_; }
  const std::vector<int>& results() const { return results_; }
  ElementType result_type(size_t i = 0) const { return nodes_[results_[i]].type; }
  int operand_count() const;  // 1 + the highest operand used
  bool empty() const { return results_.empty(); }
  // True when this only hands operand 0 on.
  bool is_identity() const;

  // Reads what to_string writes: "%2 = add float32 %0 %1" joined by "; ", then "-> %2".
  static ScalarExpr parse(std::string_view text);
  std::string to_string() const;
  bool operator==(const ScalarExpr&) const = default;

 private:
  std::vector<ScalarNode> nodes_;
  std::vector<int> results_;
};

// The plain evaluation of one point: `operands` as doubles / integers in wide form. The oracle of
// every faster kernel.
struct WideScalar {
  double real = 0;      // float types
  int64_t integer = 0;  // integer types (uint64 by bit pattern) and boolean
};
void evaluate_point(const ScalarExpr& expr, std::span<const WideScalar> operands,
                    std::span<WideScalar> results);

// Evaluates all points: operands broadcast to `results`, whose shapes are all the same.
void evaluate_reference(const ScalarExpr& expr, std::span<const ConstTensorView> operands,
                        std::span<const TensorView> results);

}  // namespace cermet
