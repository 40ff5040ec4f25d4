// Epilogues that libraries of others can do by themselves.
#pragma once

#include <optional>

#include "problem/problem.h"

namespace cermet::cuda {

// activation(sum + addend + bias). All are of the result's type.
struct PlainEpilogue {
  enum class Activation : uint8_t { none, relu, gelu };  // gelu: the form with tanh
  std::optional<size_t> bias;                            // input with one number a column
  std::optional<size_t> addend;                          // input that lies as the result does
  Activation activation = Activation::none;
};

// The epilogue of a problem with one result, and the operator's own `bias`; nothing where there is
// more to it. `column`: the dimension of the result along which a bias lies.
std::optional<PlainEpilogue> plain_epilogue(const Problem& problem, std::optional<size_t> column,
                                            std::optional<size_t> bias);

}  // namespace cermet::cuda
