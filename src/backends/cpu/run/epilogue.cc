#include "backends/cpu/run/epilogue.h"

#include <algorithm>
#include <array>
#include <optional>

#include "backends/cpu/run/chain_function.h"
#include "base/error.h"

namespace cermet::cpu {
namespace {

// Operations whose values between sample points follow from those at them.
bool is_tame(ScalarOp op) {
  static constexpr std::array ops{
      ScalarOp::constant,   ScalarOp::add,  ScalarOp::sub,  ScalarOp::mul,     ScalarOp::div,
      ScalarOp::pow,        ScalarOp::min,  ScalarOp::max,  ScalarOp::less,    ScalarOp::less_equal,
      ScalarOp::neg,        ScalarOp::abs,  ScalarOp::sqrt, ScalarOp::exp,     ScalarOp::log,
      ScalarOp::reciprocal, ScalarOp::erf,  ScalarOp::tanh, ScalarOp::sigmoid, ScalarOp::softplus,
      ScalarOp::select,     ScalarOp::input};
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

struct Combination {
  ScalarOp op;
  ChainLink::Kind kind;
  bool commutes;
};
constexpr std::array combinations{Combination{ScalarOp::add, ChainLink::Kind::add, true},
                                  Combination{ScalarOp::mul, ChainLink::Kind::mul, true},
                                  Combination{ScalarOp::max, ChainLink::Kind::max, true},
                                  Combination{ScalarOp::min, ChainLink::Kind::min, true},
                                  Combination{ScalarOp::sub, ChainLink::Kind::sub, false},
                                  Combination{ScalarOp::div, ChainLink::Kind::div, false}};

bool is_identity(const ChainLink& link) {
  return link.kind == ChainLink::Kind::function && link.function == ChainFunction::linear &&
         link.a == 1 && link.b == 0;
}

// Walks from the result back to the start, collecting links.
class Reader {
 public:
  Reader(const ScalarExpr& expression, int start) : nodes_(expression.nodes()), start_(start) {}

  Chain read(int result) {
    Chain chain;
    int at = result;
    while (!is_start(at)) {
      auto link = combination(at);
      if (!link) link = function(at);
      if (!link) {
        chain.reason = describe(at);
        return chain;
      }
      if (!is_identity(*link)) chain.links.push_back(*link);
    }
    std::reverse(chain.links.begin(), chain.links.end());
    return chain;
  }

 private:
  bool is_start(int node) const {
    return nodes_[node].op == ScalarOp::input && nodes_[node].index == start_;
  }
  bool is_operand(int node) const {
    return nodes_[node].op == ScalarOp::input && nodes_[node].index != start_;
  }

  // On success `at` becomes the node that the link is applied to.
  std::optional<ChainLink> combination(int& at) const {
    const ScalarNode& node = nodes_[at];
    for (const Combination& row : combinations) {
      if (row.op != node.op || node.type != ElementType::float32) continue;
      for (int side = 0; side < (row.commutes ? 2 : 1); ++side) {
        const int value = node.args[side], operand = node.args[1 - side];
        if (!is_operand(operand) || is_operand(value)) continue;
        ChainLink link{row.kind, ChainFunction::linear, 0, 0, nodes_[operand].index};
        at = value;
        return link;
      }
    }
    return std::nullopt;
  }

  // The longest part that is a function of one node alone.
  std::optional<ChainLink> function(int& at) const {
    if (nodes_[at].type != ElementType::float32) return std::nullopt;
    for (int from = 0; from < at; ++from) {
      if (nodes_[from].op == ScalarOp::constant || is_operand(from)) continue;
      const auto link = function_of(from, at);
      if (!link) continue;
      at = from;
      return link;
    }
    return std::nullopt;
  }

  std::optional<ChainLink> function_of(int from, int to) const {
    ScalarExpr part;
    std::vector<int> map(nodes_.size(), -1);
    map[from] = part.input(0, ElementType::float64);
    std::vector<double> corners;
    if (nodes_[from].type != ElementType::float32 || !copy(to, part, map, corners))
      return std::nullopt;
    part.add_result(map[to]);
    if (part.operand_count() == 0) return std::nullopt;
    return recognize(
        [&](double x) {
          const WideScalar operand{x, 0};
          WideScalar result;
          evaluate_point(part, std::span(&operand, 1), std::span(&result, 1));
          return result.real;
        },
        corners);
  }

  // Copies what `node` needs, in double precision; false when it needs another operand, a type or
  // an operation that sampling can't judge.
  bool copy(int node, ScalarExpr& part, std::vector<int>& map, std::vector<double>& corners) const {
    if (map[node] >= 0) return true;
    const ScalarNode& from = nodes_[node];
    const bool boolean = from.type == ElementType::boolean;
    if (from.op == ScalarOp::input || !is_tame(from.op)) return false;
    if (from.type != ElementType::float32 && !boolean) return false;
    if (from.op == ScalarOp::constant) {
      if (boolean) return false;
      corners.push_back(from.value);
      map[node] = part.constant(from.value, ElementType::float64);
      return true;
    }
    std::vector<int> args;
    for (int argument : from.args) {
      if (argument < 0) break;
      if (!copy(argument, part, map, corners)) return false;
      args.push_back(map[argument]);
    }
    map[node] = part.apply(from.op, boolean ? from.type : ElementType::float64, args);
    return true;
  }

  std::string describe(int at) const {
    const ScalarNode& node = nodes_[at];
    if (node.type != ElementType::float32)
      return fmt::format("%{} is {}, only float32 is taken", at, name(node.type));
    return fmt::format(
        "%{} ({}) is neither a known function of one value nor a combination with "
        "one operand",
        at, info(node.op).name);
  }

  const std::vector<ScalarNode>& nodes_;
  int start_;
};

}  // namespace

Chain read_chain(const ScalarExpr& expression, int start) {
  if (expression.empty()) return {};
  if (expression.results().size() != 1)
    return {{}, fmt::format("it has {} results, 1 is taken", expression.results().size())};
  for (const ScalarNode& node : expression.nodes())
    if (node.op == ScalarOp::input && node.type != ElementType::float32)
      return {{},
              fmt::format("operand {} is {}, only float32 is taken", node.index, name(node.type))};
  return Reader(expression, start).read(expression.results()[0]);
}

}  // namespace cermet::cpu
