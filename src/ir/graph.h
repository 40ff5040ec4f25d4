// The graph: operators of newest-opset meaning on typed values. Subgraphs of If, Loop and Scan are
// closed: what they read from outside comes in through additional inputs of the node.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/attributes.h"
#include "expr/scalar_expr.h"
#include "expr/value_type.h"

namespace cermet {

using ValueId = int32_t;
using NodeId = int32_t;
inline constexpr ValueId no_value = -1;  // an optional input or output that is absent
inline constexpr NodeId no_node = -1;

// How a constant came to be: the model's initialisers and what was done to them, in order. Refit
// and re-packing follow it.
struct Recipe {
  std::vector<std::string> initializers;
  std::vector<std::string> operations;
};

struct Constant {
  Tensor tensor;
  Recipe recipe;
};

// The ONNX nodes that something came from, in model order without repeats.
struct Origin {
  std::vector<std::string> nodes;

  void merge(const Origin& other);
};

struct GraphValue {
  std::string name;  // unique within its graph
  ValueType type;
  NodeId producer = no_node;  // no_node: an input or a constant
  std::shared_ptr<const Constant> constant;
  // Integer tensors of rank 0 or 1: the elements as expressions, when known.
  std::optional<Dims> contents;
  // A pass made it and its name up. It takes the model's name for what it comes to stand for.
  bool makeshift = false;
};

// A fused tail: operand 0 of the expression is the operator's own first result, operand i (from 1)
// is the node's input first_input + i - 1. The node's first output is the expression's result.
struct Epilogue {
  ScalarExpr expression;
  size_t first_input = 0;
};

class Graph;
class InferContext;  // ops/infer.ref.h

struct Node {
  std::string domain;  // "" is ONNX's own, "cermet" ours
  std::string op;
  std::string name;
  std::vector<ValueId> inputs;   // no_value where an optional input is absent
  std::vector<ValueId> outputs;  // no_value where an optional output is not wanted
  Attributes attributes;
  // If: then, else. Loop, Scan: body. Their inputs are, in order: If: the node's inputs from 1 on;
  // Loop: iteration, condition, carried values, captured values; Scan: states, slices, captured.
  std::vector<Graph> subgraphs;
  std::optional<Epilogue> epilogue;
  // Pointwise nodes ("cermet.Pointwise") compute this from their inputs.
  ScalarExpr expression;
  // Custom nodes ("cermet.Custom"): the inference of the plugin that offers the operator.
  std::function<void(InferContext&)> infer;
  Origin origin;

  Node();
  Node(const Node&);
  Node(Node&&) noexcept;
  Node& operator=(const Node&);
  Node& operator=(Node&&) noexcept;
  ~Node();

  bool is(std::string_view op_name, std::string_view op_domain = "") const {
    return op == op_name && domain == op_domain;
  }
  ValueId input(size_t i) const { return i < inputs.size() ? inputs[i] : no_value; }
};

// A value type (copies are deep but share constants' memory). Ids stay valid until `compact`.
class Graph {
 public:
  std::string name;

  ValueId add_value(GraphValue value);  // makes the name unique
  // Gives a value the name, made unique.
  void rename(ValueId id, std::string_view name);
  ValueId add_input(std::string name, ValueType type);
  ValueId add_constant(std::string name, Tensor tensor, Recipe recipe = {});
  NodeId add_node(Node node);  // sets the outputs' producer
  // Outputs have names of their own, which stay when another value takes the place.
  void add_output(ValueId value) { add_output(value, values_[value].name); }
  void add_output(ValueId value, std::string output_name) {
    outputs_.push_back(value);
    output_names_.push_back(std::move(output_name));
  }
  void clear_outputs() {
    outputs_.clear();
    output_names_.clear();
  }
  void set_output(size_t i, ValueId value) { outputs_[i] = value; }
  void remove_node(NodeId id);

  const GraphValue& value(ValueId id) const { return values_[id]; }
  GraphValue& value(ValueId id) { return values_[id]; }
  const ValueType& type(ValueId id) const { return values_[id].type; }
  size_t value_count() const { return values_.size(); }
  const Node& node(NodeId id) const { return *nodes_[id]; }
  Node& node(NodeId id) { return *nodes_[id]; }
  bool alive(NodeId id) const { return nodes_[id].has_value(); }
  // Living nodes, producers before consumers, in the order of the model where that leaves a choice.
  std::vector<NodeId> order() const;  // throws invalid_model naming a node on a cycle
  const std::vector<ValueId>& inputs() const { return inputs_; }
  const std::vector<ValueId>& outputs() const { return outputs_; }

  const std::vector<std::string>& output_names() const { return output_names_; }

  // The producer node when there is one.
  const Node* producer(ValueId id) const;
  // Living nodes that read each value (a node once for each time it does), by value id.
  std::vector<std::vector<NodeId>> consumers() const;
  bool is_output(ValueId id) const;
  // Every node and graph output that reads `from` reads `to` instead.
  void replace_uses(ValueId from, ValueId to);
  // Throws away dead node and value slots; ids change.
  void compact();

  // A size that depends on data: a symbol that no other graph of the model uses. Subgraphs share
  // their model's counter (`share_symbols`). Its name starts with data_symbol_prefix.
  Dim new_symbol(std::string_view hint);
  void share_symbols(const Graph& other) { next_symbol_ = other.next_symbol_; }

  // A new name that starts with `stem`.
  std::string unique_name(std::string_view stem) const;

 private:
  std::deque<GraphValue> values_;  // references stay valid while the graph grows
  std::vector<std::optional<Node>> nodes_;
  std::vector<ValueId> inputs_;
  std::vector<ValueId> outputs_;
  std::vector<std::string> output_names_;
  std::map<std::string, int, std::less<>> names_;
  std::shared_ptr<int64_t> next_symbol_ = std::make_shared<int64_t>(0);
};

// Text that golden tests compare: one line a node, constants with type and a checksum.
std::string print(const Graph& graph);
// The executable specification of a legal graph; throws internal naming the law that is broken.
void verify(const Graph& graph);

}  // namespace cermet
