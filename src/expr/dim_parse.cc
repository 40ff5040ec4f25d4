#include <cctype>
#include <charconv>

#include "base/error.h"
#include "expr/dim_normal_form.h"

namespace cermet {
namespace {

using BinaryRule = Dim (*)(const Dim&, const Dim&);

struct Function {
  std::string_view name;
  BinaryRule rule;
  bool variadic;  // folds over two arguments or more
};

Dim apply_floor_div(const Dim& a, const Dim& b) { return floor_div(a, b); }
Dim apply_ceil_div(const Dim& a, const Dim& b) { return ceil_div(a, b); }
Dim apply_modulo(const Dim& a, const Dim& b) { return modulo(a, b); }
Dim apply_min(const Dim& a, const Dim& b) { return min(a, b); }
Dim apply_max(const Dim& a, const Dim& b) { return max(a, b); }
Dim apply_broadcast(const Dim& a, const Dim& b) { return broadcast(a, b); }

constexpr Function functions[] = {
    {"floor_div", apply_floor_div, false},
    {"ceil_div", apply_ceil_div, false},
    {"modulo", apply_modulo, false},
    {"min", apply_min, true},
    {"max", apply_max, true},
    {"broadcast", apply_broadcast, true},
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Dim parse() {
    Dim result = sum();
    if (peek(), at_ < text_.size()) fault("the end");
    return result;
  }

 private:
  // Deep enough for any printed size, shallow enough for the stack.
  static constexpr int max_depth = 256;

  [[noreturn]] void fault(std::string_view expected) const {
    const std::string got =
        at_ < text_.size() ? fmt::format("'{}'", text_.substr(at_, 16)) : "the end";
    fail(ErrorCode::invalid_argument, "reading the size '{}': position {}: expected {}, got {}",
         text_.substr(0, 200), at_, expected, got);
  }

  char peek() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool take(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!take(c)) fault(fmt::format("'{}'", c));
  }

  Dim sum() {
    Dim result = product();
    for (;;) {
      if (take('+')) {
        result = result + product();
      } else if (take('-')) {
        result = result - product();
      } else {
        return result;
      }
    }
  }

  Dim product() {
    Dim result = factor();
    for (;;) {
      if (take('*')) {
        result = result * factor();
      } else if (take('/')) {
        result = floor_div(result, factor());
      } else if (take('%')) {
        result = modulo(result, factor());
      } else {
        return result;
      }
    }
  }

  Dim factor() {
    if (++depth_ > max_depth) fault(fmt::format("at most {} levels of nesting", max_depth));
    Dim result = nested_factor();
    --depth_;
    return result;
  }

  Dim nested_factor() {
    const char c = peek();
    if (c == '-') {
      ++at_;
      return is_digit(peek()) ? number(true) : Dim(0) - factor();
    }
    if (is_digit(c)) return number(false);
    if (take('(')) {
      Dim result = sum();
      expect(')');
      return result;
    }
    if (take('\'')) return quoted();
    return word();
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  Dim number(bool negative) {
    const size_t start = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    const std::string digits =
        (negative ? "-" : "") + std::string(text_.substr(start, at_ - start));
    int64_t value = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (result.ec != std::errc()) {
      at_ = start;
      fault("an integer of 64 bits");
    }
    return value;
  }

  Dim quoted() {
    const size_t end = text_.find('\'', at_);
    if (end == std::string_view::npos || end == at_) fault("a symbol's name and a closing quote");
    const std::string_view name = text_.substr(at_, end - at_);
    at_ = end + 1;
    return Dim::symbol(name);
  }

  Dim word() {
    const size_t start = at_;
    const auto is_part = [](unsigned char c) {
      return std::isalnum(c) || c == '_' || c == '.' || c == ':';
    };
    while (at_ < text_.size() && is_part(static_cast<unsigned char>(text_[at_]))) ++at_;
    if (at_ == start) fault("a number, a symbol or '('");
    const std::string_view name = text_.substr(start, at_ - start);
    return peek() == '(' ? call(name, start) : Dim::symbol(name);
  }

  Dim call(std::string_view name, size_t start) {
    for (const Function& function : functions) {
      if (function.name != name) continue;
      expect('(');
      Dim result = sum();
      expect(',');
      result = function.rule(result, sum());
      while (function.variadic && take(',')) result = function.rule(result, sum());
      expect(')');
      return result;
    }
    at_ = start;
    fault("one of floor_div, ceil_div, modulo, min, max, broadcast before '('");
  }

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Dim Dim::parse(std::string_view text) { return Parser(text).parse(); }

}  // namespace cermet
