// The operators at run time: what Cermet knows by name, with inference and reference kernel.
#pragma once

#include <span>
#include <string_view>

#include "ops/evaluate.ref.h"
#include "ops/infer.ref.h"

namespace cermet {

// The meaning is ONNX's newest; operators of our own have the domain "cermet".
struct Operator {
  std::string_view name;
  void (*infer)(InferContext&);
  void (*evaluate)(EvalContext&);
  std::string_view domain = {};
  bool deterministic = true;  // false: never folded, never shared (random numbers)
};

// Nothing when unknown.
const Operator* find_operator(std::string_view domain, std::string_view name);
// All of them, family by family, in a fixed order.
std::span<const Operator* const> all_operators();

// Runs the operator on owned tensors: for constant folding and tests.
std::vector<Value> evaluate(const Operator& op, const Attributes& attributes,
                            std::span<const std::optional<Value>> inputs, size_t output_count);

}  // namespace cermet
