#include "common/checks.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

namespace cermet::tools {
namespace {

template <class T>
std::optional<T> number_in(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// No description: --help shows what the flag takes by its type's name alone.
template <class T, class Holds>
CLI::Validator check(const std::string& expected, Holds holds) {
  return CLI::Validator(
      [=](const std::string& text) {
        const std::optional<T> value = number_in<T>(text);
        return value && holds(*value) ? std::string()
                                      : fmt::format("expected {}, got '{}'", expected, text);
      },
      "");
}

}  // namespace

CLI::Validator whole_number(int64_t least, int64_t most) {
  return check<int64_t>(fmt::format("a whole number from {} to {}", least, most),
                        [=](int64_t value) { return value >= least && value <= most; });
}

CLI::Validator seed_number() {
  return check<uint64_t>(fmt::format("a whole number from 0 to {}", UINT64_MAX),
                         [](uint64_t) { return true; });
}

CLI::Validator number_from(double least) {
  return check<double>(fmt::format("a number of {} or more", least),
                       [=](double value) { return std::isfinite(value) && value >= least; });
}

CLI::Validator positive_number() {
  return check<double>("a number above 0",
                       [](double value) { return std::isfinite(value) && value > 0; });
}

CLI::Validator number_between(double least, double most) {
  return check<double>(fmt::format("a number from {} to {}", least, most),
                       [=](double value) { return value >= least && value <= most; });
}

}  // namespace cermet::tools
