// What a step computes, as a value: printable, comparable, without knowledge of any graph.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/attributes.h"
#include "expr/layout.h"
#include "expr/scalar_expr.h"
#include "expr/value_type.h"

namespace cermet {

// The family of a problem; decides which tactics are asked.
enum class ProblemKind : uint8_t {
  reference,      // an operator with no family of its own
  pointwise,      // `expression` over broadcast operands
  convolution,    // Conv, ConvTranspose
  matmul,         // MatMul, Gemm
  pooling,        // AveragePool, MaxPool, GlobalAveragePool, GlobalMaxPool
  reduction,      // Reduce*
  softmax,        // Softmax, LogSoftmax
  normalization,  // LayerNormalization, RMSNormalization, BatchNormalization ...
  attention,      // Attention
  resample,       // Resize
  movement,       // Transpose, Concat, Slice, Gather, Pad, Split, Expand ...: bytes change place
  view,           // the same bytes under another shape
  reorder,        // the same values under another layout
  copy,           // the same values in the memory of another place
  dims,           // small integer tensors computed from symbols: `dims` holds the elements
  branch,         // If
  loop,           // Loop
  scan,           // Scan
  custom,         // an operator of a plugin
};
std::string_view name(ProblemKind kind);
std::optional<ProblemKind> problem_kind_from_name(std::string_view name);
// View, copy, dims and control flow need none: the runtime does them itself.
bool needs_kernel(ProblemKind kind);

struct Operand {
  ValueType type;
  Layout layout;
  bool constant = false;

  bool operator==(const Operand&) const = default;
  std::string to_string() const;
};

// Attributes have the meaning of the operator `op` (newest opset), so that its reference kernel is
// the definition of every problem, whatever the family. Inputs from `epilogue_first` on are the
// epilogue's operands 1, 2, ...; operand 0 is the operator's own first result.
struct Problem {
  ProblemKind kind = ProblemKind::reference;
  std::string domain;
  std::string op;
  Attributes attributes;
  std::vector<std::optional<Operand>> inputs;
  std::vector<std::optional<Operand>> outputs;
  ScalarExpr expression;  // pointwise: what is computed; else the epilogue, empty if there is none
  size_t epilogue_first = 0;
  Dims dims;  // kind dims

  bool has_epilogue() const { return kind != ProblemKind::pointwise && !expression.empty(); }
  bool operator==(const Problem&) const = default;
  // One line that names everything: the key of the timing cache.
  std::string to_string() const;
};

}  // namespace cermet
