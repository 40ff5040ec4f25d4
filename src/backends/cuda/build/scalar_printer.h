// Scalar expressions as CUDA C++.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backends/cuda/build/kernel_writer.h"
#include "expr/scalar_expr.h"

namespace cermet::cuda {

struct PrintedExpression {
  std::string statements;            // "const float v3 = v1 + v2;" ...
  std::vector<std::string> results;  // names of values, in the results' compute types
};

// Why kernels can't compute the expression, in words.
std::optional<std::string> scalar_rejects(const ScalarExpr& expression);

// `operands`: texts of the operands' values, in their compute types. Names of values begin with
// `prefix`. What the statements need is in the file "scalar.cu", which the caller includes.
PrintedExpression print_scalar(const ScalarExpr& expression, std::span<const std::string> operands,
                               std::string_view prefix);

// The offset in elements, as text, of the element of an operand that belongs to a result's element
// with these coordinates (one text a dimension): aligned at the innermost dimension, dimensions of
// size 1 repeat. A size that is not known to be 1 is asked for when the kernel runs. `dims`: the
// operand's sizes as input_dims() gives them.
std::string broadcast_offset(KernelWriter& writer, const Dims& dims, const Layout& layout,
                             std::span<const std::string> coordinates);

// The operator's own result `value` as its epilogue reads it: where the epilogue's result is of
// another type, as the operator's type holds it, for a little more precision would be seen: an
// integer may be another one.
std::string epilogue_value(const ScalarExpr& expression, const std::string& value);

// The epilogue of the writer's problem on one element: `value` is the operator's own result in the
// compute type, at these coordinates. Without an epilogue, the value itself. Operands are read from
// memory; reads are part of the statements.
PrintedExpression print_epilogue(KernelWriter& writer, const std::string& value,
                                 std::span<const std::string> coordinates, std::string_view prefix);

}  // namespace cermet::cuda
