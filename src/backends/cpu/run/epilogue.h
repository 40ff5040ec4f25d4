// A scalar expression read as a chain: one value to which functions and operands are applied one
// after the other. This is the form in which kernel libraries take epilogues.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "expr/scalar_expr.h"

namespace cermet::cpu {

// Functions of one value x with up to two parameters a and b.
enum class ChainFunction : uint8_t {
  linear,        // a * x + b
  relu,          // x > 0 ? x : a * x
  clip,          // min(max(x, a), b)
  sigmoid,       // 1 / (1 + exp(-x))
  tanh,          //
  exp,           //
  log,           //
  abs,           //
  square,        //
  sqrt,          //
  elu,           // x > 0 ? x : a * (exp(x) - 1)
  softplus,      // log(1 + exp(x))
  gelu_erf,      // x / 2 * (1 + erf(x / sqrt(2)))
  gelu_tanh,     // x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))
  swish,         // x / (1 + exp(-a * x))
  hard_sigmoid,  // min(max(a * x + b, 0), 1)
  hard_swish,    // x * min(max(a * x + b, 0), 1)
  mish,          // x * tanh(log(1 + exp(x)))
};

// A link applies a function, or combines the value with an operand: value OP operand.
struct ChainLink {
  enum class Kind : uint8_t { function, add, sub, mul, div, max, min };
  Kind kind = Kind::function;
  ChainFunction function = ChainFunction::linear;
  double a = 0, b = 0;
  int operand = -1;  // of the expression

  bool operator==(const ChainLink&) const = default;
};

// Either links that give the expression's only result when applied in order to operand `start`, or
// the reason why there are none.
struct Chain {
  std::vector<ChainLink> links;
  std::string reason;

  bool found() const { return reason.empty(); }
};

// Reads an expression of float32. Functions are recognised by their values, so that it doesn't
// matter how an expression writes them; each operand but `start` is used at most once a link.
Chain read_chain(const ScalarExpr& expression, int start = 0);

}  // namespace cermet::cpu
