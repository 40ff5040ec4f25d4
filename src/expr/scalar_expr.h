// Scalar expressions: what happens to one element. Pointwise chains, activations, quantisation
// steps, epilogues and prologues are all this one type.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

// Which types an operation takes and gives. Numbers are floats and integers, not booleans.
enum class ScalarTypes : uint8_t {
  leaf,            // no arguments; any type but string and complex
  number,          // numbers of the node's type
  floating,        // floats of the node's type
  integer,         // integers of the node's type
  logical,         // booleans
  equality,        // numbers or booleans of one type; the result is boolean
  order,           // numbers of one type; the result is boolean
  classification,  // a float; the result is boolean
  selection,       // a boolean, then two of the node's type
  conversion,      // any type but string and complex
};

// Names, arities, types: one row an operation.
struct ScalarOpInfo {
  ScalarOp op;
  std::string_view name;
  int arity;
  ScalarTypes types;
};
inline constexpr int scalar_op_count = static_cast<int>(ScalarOp::cast) + 1;
const ScalarOpInfo& info(ScalarOp op);
std::optional<ScalarOp> scalar_op_from_name(std::string_view name);

// One SSA node: its arguments stand before it. Floats compute in the node's own type or wider and
// are rounded to it at casts, results and divisions (a quotient that quantisation rounds to an
// integer next decides ties as the division of separate operators does). Integers wrap; their
// division rounds towards zero, and by zero gives 0 (so do mod and fmod). `mod` has the sign of the
// divisor, `fmod` of the dividend.
// `round` takes ties to even; min and max hand NaN on. A shift by the type's width or more, or by
// less than 0, shifts every bit out; shift_right keeps the sign of signed types. A cast of a float
// to an integer rounds towards zero and makes 0 of NaN.
struct ScalarNode {
  ScalarOp op = ScalarOp::input;
  ElementType type = ElementType::float32;
  std::array<int32_t, 3> args{-1, -1, -1};
  int32_t index = -1;    // input: which operand
  double value = 0;      // constant of a float type, already rounded to it
  int64_t integer = 0;   // constant of an integer type (uint64 by bit pattern) or boolean
  bool saturate = true;  // cast to an integer or 8-bit float clamps (false: wraps / overflows)

  // Constants compare by bits: 0 and -0 differ, NaN equals itself.
  bool operator==(const ScalarNode&) const;
};

// Every operand is indexed by the result's coordinates under numpy broadcasting: an operand of
// lower rank is aligned at the innermost dimension, a size-1 dimension repeats. Which dimensions
// repeat is decided by concrete shapes when a kernel is bound.
class ScalarExpr {
 public:
  // Building: each returns the new node's index. Equal nodes are shared. Throws internal when the
  // operation does not take the types (see ScalarTypes) or a constant does not fit its type.
  int input(int operand, ElementType type);
  int constant(double value, ElementType type);
  int constant_integer(int64_t value, ElementType type);
  int apply(ScalarOp op, ElementType type, std::span<const int> args);
  int apply(ScalarOp op, ElementType type, std::initializer_list<int> args) {
    return apply(op, type, std::span<const int>(args.begin(), args.size()));
  }
  // Returns `node` itself when it has that type.
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

  // Reads what to_string writes: "%2 = add float32 %0 %1" joined by "; ", then "-> %2". Throws
  // invalid_argument with the statement at fault.
  static ScalarExpr parse(std::string_view text);
  std::string to_string() const;
  bool operator==(const ScalarExpr&) const = default;

 private:
  int append(const ScalarNode& node);

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

// Evaluates all points: operands broadcast to `results`, whose shapes are all the same. A result
// may be an operand's memory when both have one shape. Throws invalid_argument when types or shapes
// do not fit.
void evaluate_reference(const ScalarExpr& expr, std::span<const ConstTensorView> operands,
                        std::span<const TensorView> results);

}  // namespace cermet
