// The text of scalar expressions. One statement a node, in order:
//   %0 = input float32 0; %1 = constant float32 0.5; %2 = mul float32 %0 %1;
//   %3 = cast int8 %2 wrap; -> %2 %3
// "wrap" marks a cast that does not saturate.
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/error.h"
#include "expr/scalar_expr.h"

namespace cermet {
namespace {

std::string real_text(double value) { return std::isnan(value) ? "nan" : fmt::format("{}", value); }

std::string constant_text(const ScalarNode& node) {
  if (is_floating(node.type)) return real_text(node.value);
  if (node.type == ElementType::boolean) return node.integer != 0 ? "true" : "false";
  if (is_unsigned_integer(node.type)) return std::to_string(static_cast<uint64_t>(node.integer));
  return std::to_string(node.integer);
}

std::string node_text(const ScalarNode& node) {
  const ScalarOpInfo& row = info(node.op);
  std::string text = fmt::format("{} {}", row.name, name(node.type));
  if (node.op == ScalarOp::input) return fmt::format("{} {}", text, node.index);
  if (node.op == ScalarOp::constant) return text + " " + constant_text(node);
  for (int i = 0; i < row.arity; ++i) text += fmt::format(" %{}", node.args[i]);
  return node.op == ScalarOp::cast && !node.saturate ? text + " wrap" : text;
}

template <class T>
std::optional<T> number(std::string_view word) {
  T value{};
  const auto result = std::from_chars(word.data(), word.data() + word.size(), value);
  if (result.ec != std::errc() || result.ptr != word.data() + word.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

[[noreturn]] void fault(std::string_view expected, std::string_view got) {
  fail(ErrorCode::invalid_argument, "expected {}, got '{}'", expected, got);
}

// Nodes are found by the number that the text gives them: equal nodes may have several.
class Reader {
 public:
  ScalarExpr read(std::string_view text) {
    for (const std::string_view statement : split(text, ';')) {
      const auto words = split(statement, ' ');
      if (words.empty()) continue;
      with_context(
          [&] {
            return fmt::format("reading the scalar expression statement '{}'",
                               statement.substr(0, 200));
          },
          [&] { read_statement(words); });
    }
    require(ended_, ErrorCode::invalid_argument,
            "reading a scalar expression: expected results after '->' at the end, got none");
    return std::move(expr_);
  }

 private:
  void read_statement(const std::vector<std::string_view>& words) {
    if (ended_) fault("nothing after the results", words[0]);
    if (words[0] == "->") {
      for (size_t i = 1; i < words.size(); ++i) expr_.add_result(node(words[i]));
      ended_ = true;
      return;
    }
    const std::string label = fmt::format("%{}", nodes_.size());
    if (words[0] != label) fault(label, words[0]);
    if (words.size() < 5 || words[1] != "=") fault("'= OPERATION TYPE ARGUMENTS'", words.back());
    const auto op = scalar_op_from_name(words[2]);
    if (!op) fault("a scalar operation", words[2]);
    const auto type = element_type_from_name(words[3]);
    if (!type) fault("an element type", words[3]);
    nodes_.push_back(read_node(*op, *type, std::span(words).subspan(4)));
  }

  int read_node(ScalarOp op, ElementType type, std::span<const std::string_view> words) {
    const auto expect_words = [&](size_t count) {
      if (words.size() != count) fault(fmt::format("{} arguments", count), words.back());
    };
    try {
      if (op == ScalarOp::input) {
        expect_words(1);
        const auto operand = number<int>(words[0]);
        if (!operand || *operand < 0) fault("an operand number", words[0]);
        return expr_.input(*operand, type);
      }
      if (op == ScalarOp::constant) {
        expect_words(1);
        return read_constant(type, words[0]);
      }
      const bool wrap = op == ScalarOp::cast && words.size() == 2 && words[1] == "wrap";
      if (wrap) return expr_.cast(node(words[0]), type, false);
      std::vector<int> args;
      for (const std::string_view word : words) args.push_back(node(word));
      return expr_.apply(op, type, args);
    } catch (const Error& error) {
      // What the builder calls its own bug is here a fault of the text.
      throw Error(ErrorCode::invalid_argument, error.message());
    }
  }

  int read_constant(ElementType type, std::string_view word) {
    if (type == ElementType::boolean) {
      if (word != "true" && word != "false") fault("true or false", word);
      return expr_.constant_integer(word == "true", type);
    }
    if (is_floating(type)) {
      const auto value = number<double>(word);
      if (!value) fault("a number", word);
      return expr_.constant(*value, type);
    }
    if (type == ElementType::uint64) {
      const auto value = number<uint64_t>(word);
      if (!value) fault("an unsigned integer of 64 bits", word);
      return expr_.constant_integer(static_cast<int64_t>(*value), type);
    }
    const auto value = number<int64_t>(word);
    if (!value) fault("an integer of 64 bits", word);
    return expr_.constant_integer(*value, type);
  }

  int node(std::string_view word) const {
    const auto number_of = number<size_t>(word.substr(std::min<size_t>(1, word.size())));
    if (word[0] != '%' || !number_of || *number_of >= nodes_.size())
      fault("an earlier %NODE", word);
    return nodes_[*number_of];
  }

  ScalarExpr expr_;
  std::vector<int> nodes_;
  bool ended_ = false;
};

}  // namespace

std::string ScalarExpr::to_string() const {
  std::string text;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    text += fmt::format("%{} = {}; ", i, node_text(nodes_[i]));
  }
  text += "->";
  for (const int result : results_) text += fmt::format(" %{}", result);
  return text;
}

ScalarExpr ScalarExpr::parse(std::string_view text) { return Reader().read(text); }

}  // namespace cermet
