// Products and convolutions that read one value and differ in their constant weights alone.
#pragma once

#include <string>
#include <vector>

#include "passes/match.h"

namespace cermet {

// One of them, with what follows it before the results part.
struct Sibling {
  NodeId node = no_node;
  int64_t width = 0;             // columns of a product, channels of a convolution
  ValueId bias = no_value;       // a constant that an Add brings to the columns
  std::vector<NodeId> consumed;  // the node, its bias, and what follows all members alike
  ValueId end = no_value;        // what they give
};

struct SiblingGroup {
  std::vector<Sibling> members;  // in the order of the graph, two at least
  size_t common = 0;             // how many of the consumed nodes, the last ones, all have alike
};

// Groups of Conv and MatMul nodes, whose `common` is not known yet. Weights that something else
// reads too would have to be kept twice, so that such nodes are in no group. With `fused`, nodes
// with epilogues count as well.
std::vector<SiblingGroup> sibling_groups(const Graph& graph, const Uses& uses, bool fused);

// Along which dimension the weights, or the results, of a member are joined.
int64_t weights_axis(const Node& member);
int64_t result_axis(const Graph& graph, const Node& member);

// Takes biases and elementwise nodes that follow all members alike into the group.
void take_common(const Graph& graph, const Uses& uses, SiblingGroup& group);

// The elementwise node that alone reads the value and keeps its sizes, no_node where there is none.
NodeId elementwise_reader(const Graph& graph, const Uses& uses, ValueId value);

// The groups of those members that the same elementwise node follows.
std::vector<SiblingGroup> split_by_reader(const Graph& graph, const Uses& uses,
                                          const SiblingGroup& group);

}  // namespace cermet
