#include "expr/cut_expression.h"

#include <algorithm>
#include <map>

namespace cermet {
namespace {

bool is_operand_0(const ScalarNode& node) { return node.op == ScalarOp::input && node.index == 0; }

// What a part of an expression computes: the nodes that lead to `end`, but none that lead to
// `begin` alone, which is operand 0 of the part.
class Part {
 public:
  Part(const ScalarExpr& whole, int begin, int end) : whole_(whole), begin_(begin) {
    part.add_result(copy(end));
  }

  ScalarExpr part;
  std::vector<int> operands;

 private:
  int copy(int id) {
    if (const auto known = copied_.find(id); known != copied_.end()) return known->second;
    ScalarNode node = whole_.nodes()[id];
    int made = -1;
    if (id == begin_) {
      made = part.input(0, node.type);
    } else if (node.op == ScalarOp::input) {
      made = part.input(number_of(node.index), node.type);
    } else if (node.op == ScalarOp::constant) {
      made = is_floating(node.type) ? part.constant(node.value, node.type)
                                    : part.constant_integer(node.integer, node.type);
    } else {
      std::vector<int> arguments;
      for (const int32_t argument : node.args)
        if (argument >= 0) arguments.push_back(copy(argument));
      made = node.op == ScalarOp::cast ? part.cast(arguments[0], node.type, node.saturate)
                                       : part.apply(node.op, node.type, arguments);
    }
    copied_.emplace(id, made);
    return made;
  }

  int number_of(int operand) {
    auto place = std::find(operands.begin(), operands.end(), operand);
    if (place == operands.end()) place = operands.insert(place, operand);
    return static_cast<int>(place - operands.begin()) + 1;
  }

  const ScalarExpr& whole_;
  int begin_;
  std::map<int, int> copied_;
};

// By node: the result needs it, and it needs operand 0.
std::vector<bool> nodes_between(const ScalarExpr& expression) {
  const auto& nodes = expression.nodes();
  std::vector<bool> needed(nodes.size(), false), follows(nodes.size(), false);
  needed[expression.results()[0]] = true;
  for (size_t i = nodes.size(); i-- > 0;)
    for (const int32_t argument : nodes[i].args)
      if (needed[i] && argument >= 0) needed[argument] = true;
  for (size_t i = 0; i < nodes.size(); ++i) {
    follows[i] = is_operand_0(nodes[i]);
    for (const int32_t argument : nodes[i].args)
      if (argument >= 0 && follows[argument]) follows[i] = true;
  }
  for (size_t i = 0; i < nodes.size(); ++i) needed[i] = needed[i] && follows[i];
  return needed;
}

// Nodes whose value is all that later ones know of operand 0, in their order.
std::vector<int> waists(const ScalarExpr& expression) {
  const std::vector<bool> between = nodes_between(expression);
  std::vector<int> found;
  for (int i = static_cast<int>(between.size()) - 1, lowest = i + 1; i >= 0; --i) {
    if (!between[i]) continue;
    // No node behind this one reads what stands before it.
    if (lowest >= i) found.push_back(i);
    for (const int32_t argument : expression.nodes()[i].args)
      if (argument >= 0 && between[argument]) lowest = std::min(lowest, static_cast<int>(argument));
  }
  std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace

std::vector<CutExpression> cuts_of(const ScalarExpr& expression) {
  if (expression.results().size() != 1) return {};
  const int result = expression.results()[0];
  const std::vector<int> places = waists(expression);
  if (places.size() < 2) return {};
  std::vector<CutExpression> cuts;
  for (size_t i = places.size() - 1; i-- > 1;) {
    Part head(expression, places[0], places[i]), tail(expression, places[i], result);
    cuts.push_back({std::move(head.part), std::move(tail.part), std::move(head.operands),
                    std::move(tail.operands)});
  }
  Part tail(expression, places[0], result);
  cuts.push_back({{}, std::move(tail.part), {}, std::move(tail.operands)});
  return cuts;
}

}  // namespace cermet
