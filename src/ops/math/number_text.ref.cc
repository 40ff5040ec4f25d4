#include "ops/math/number_text.ref.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/scalar.h"

namespace cermet {
namespace {

// fmt writes the shortest text of a float or double; what looks like an integer gets ".0".
template <class T>
std::string shortest(T value) {
  std::string text = fmt::format("{}", value);
  const bool plain = std::all_of(text.begin(), text.end(),
                                 [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
  return plain ? text + ".0" : text;
}

// The shortest decimal that rounds to the same code of a narrow format.
std::string shortest_narrow(ElementType type, double value) {
  const uint32_t code = encode_float(type, value);
  for (int digits = 1; digits <= 17; ++digits) {
    const std::string text = fmt::format("{:.{}e}", value, digits - 1);
    double read = 0;
    std::from_chars(text.data(), text.data() + text.size(), read);
    if (encode_float(type, read) == code) return shortest(read);
  }
  return shortest(value);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_word(std::string_view text, std::string_view word) {
  return std::equal(text.begin(), text.end(), word.begin(), word.end(),
                    [](char a, char b) { return lower(a) == b; });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\v\f";
  const size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

template <class T>
bool read_all(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

// from_chars leaves the value alone when it is out of range; strtod's answer is infinity or 0.
bool read_real(std::string_view text, double& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return false;
  if (error == std::errc::result_out_of_range) {
    value = std::strtod(std::string(text).c_str(), nullptr);
    return true;
  }
  return error == std::errc();
}

}  // namespace

std::string number_to_text(const ConstTensorView& view, int64_t index) {
  if (view.type == ElementType::boolean)
    return load_element<int64_t>(view, index) != 0 ? "True" : "False";
  if (view.type == ElementType::float64) return shortest(view.as<double>()[index]);
  if (view.type == ElementType::float32) return shortest(view.as<float>()[index]);
  if (is_floating(view.type)) {
    const double value = load_element<double>(view, index);
    const bool finite = value - value == 0;
    return finite ? shortest_narrow(view.type, value) : shortest(value);
  }
  if (is_signed_integer(view.type)) return fmt::format("{}", load_element<int64_t>(view, index));
  return fmt::format("{}", load_element<uint64_t>(view, index));
}

ParsedNumber parse_number(std::string_view text) {
  using Kind = ParsedNumber::Kind;
  const std::string_view whole = trimmed(text);
  std::string_view digits = whole;
  if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') digits.remove_prefix(1);
  ParsedNumber number;
  if (read_all(digits, number.integer)) {
    number.kind = Kind::integer;
    return number;
  }
  if (read_all(digits, number.natural)) {
    number.kind = Kind::natural;
    return number;
  }
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (same_word(digits, "inf") || same_word(digits, "infinity"))
    number.real = infinity;
  else if (same_word(digits, "-inf") || same_word(digits, "-infinity"))
    number.real = -infinity;
  else if (same_word(digits, "nan"))
    number.real = std::numeric_limits<double>::quiet_NaN();
  else if (!read_real(digits, number.real))
    fail(ErrorCode::runtime, "expected a text that is a number, got \"{}\"", text);
  return number;
}

}  // namespace cermet
