// What a node with bodies computes, laid out in a row.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "passes/pass.h"
#include "passes/symbols.h"

namespace cermet {

// A graph of its own, over the operands of one node of another graph, in which copies of nodes of
// its bodies are made before they are put into a patch: where the types of the operands say more
// than the bodies knew, a node may turn out not to fit, which throws Error here and leaves the
// other graph as it is.
class StraightLine {
 public:
  // Copies of a body's nodes in the making.
  struct Copies {
    explicit Copies(const Graph& from) : body(from), moved(from.value_count(), no_value) {}
    const Graph& body;
    std::vector<ValueId> moved;  // by value of the body
    Substitution symbols;        // sizes that the copies have, by what they are in the body
  };

  StraightLine(const Graph& outer, NodeId id);

  const Node& node() const { return outer_.node(id_); }
  const Graph& graph() const { return graph_; }
  const ValueType& type(ValueId value) const { return graph_.type(value); }
  ValueId operand(size_t i) const { return operands_[i]; }
  ValueId constant(Tensor tensor);
  // An operator named as the node.
  ValueId add(std::string_view op, std::vector<ValueId> inputs, Attributes attributes);

  // The whole body with its inputs given. Copies are named as what they copy, and `suffix`.
  std::vector<ValueId> add_body(const Graph& body, const std::vector<ValueId>& arguments,
                                std::string_view suffix);
  // A value of the body, an input of it say, is this value here.
  void place(Copies& copies, ValueId id, ValueId value);
  // One node of the body, whose operands are placed or constant.
  void copy(Copies& copies, NodeId id, std::string_view suffix);
  // Where the body's value is, which may be a constant not seen before.
  ValueId moved_to(Copies& copies, ValueId id);

  // All nodes become the patch's; gives the values' ids there.
  std::vector<ValueId> add_to(Patch& patch) const;
  // The node replaced by values of this graph, one for each of its outputs; nothing where their
  // types don't fit.
  std::optional<Patch> replace_node(const std::vector<ValueId>& results) const;

 private:
  Substitution symbols_of_copy(const Graph& inner, const Node& made, const Copies& copies);

  const Graph& outer_;
  NodeId id_;
  Graph graph_;
  std::vector<ValueId> operands_;
};

}  // namespace cermet
