// Nodes that do the same to operands as they lie before a transpose: axes get other names, and the
// transpose follows.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "passes/pass.h"
#include "passes/permutation.h"

namespace cermet {

// How a node reads an input once it is lifted over the transposes of its operands.
enum class OperandForm : uint8_t {
  lifted,  // as it lies before the transpose
  turned,  // transposed back: a constant, or what is no more than a reshape
  as_is,   // one element, or no tensor that the node works on
};

struct Lifting {
  Permutation order;         // what is undone of the operands
  Permutation result_order;  // what gives the node's results back
  std::vector<OperandForm> operands;
};

// Values that are known to be transposes, by their order.
using Orders = std::map<ValueId, Permutation>;

// How the node is lifted over the transposes that `lifted` knows; nothing where it reads none, or
// can't be. Elementwise operators, Concat, Gather, MatMul, Pad, reductions, reshapes, Slice,
// softmax and Split can.
std::optional<Lifting> lifting_of(const Graph& graph, const Node& node, const Orders& lifted);

// Adds the lifted node, which reads `inputs` in their forms; its outputs.
std::vector<ValueId> add_lifted(Patch& patch, const Graph& graph, const Node& node,
                                const Lifting& lifting, std::vector<ValueId> inputs, Origin origin);

// The value, of at most as many dimensions, as it would lie before a transpose of that order.
ValueId add_turned(Patch& patch, const Graph& graph, ValueId value, const Permutation& order);

}  // namespace cermet
