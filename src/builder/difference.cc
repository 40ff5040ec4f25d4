#include "builder/difference.h"

#include <algorithm>
#include <cmath>
#include <complex>

#include "base/error.h"
#include "base/scalar.h"

namespace cermet {
namespace {

std::string index_text(const Shape& shape, int64_t element) {
  Shape index(shape.size());
  for (size_t d = shape.size(); d-- > 0; element /= shape[d]) index[d] = element % shape[d];
  return to_string(index);
}

std::string departs(const Shape& shape, int64_t element, const std::string& expected,
                    const std::string& got, int64_t count) {
  return fmt::format("element {}: expected {}, got {}; {} of {} elements depart",
                     index_text(shape, element), expected, got, count, element_count(shape));
}

// The worst element of those for which `error` is positive; infinite errors are the worst.
template <class T, class Error>
std::optional<std::string> worst(const Tensor& expected, const Tensor& got, Error&& error) {
  const std::vector<T> a = load_all<T>(expected.view()), b = load_all<T>(got.view());
  size_t at = 0;
  int64_t count = 0;
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double off = error(a[i], b[i]);
    if (!(off > 0)) continue;
    ++count;
    if (off > most) {
      most = off;
      at = i;
    }
  }
  if (count == 0) return std::nullopt;
  return departs(expected.shape(), static_cast<int64_t>(at), fmt::format("{}", a[at]),
                 fmt::format("{}", b[at]), count);
}

std::optional<std::string> floats_differ(const Tensor& expected, const Tensor& got,
                                         double tolerance) {
  double largest = 0;
  for (double number : load_all<double>(expected.view()))
    if (std::isfinite(number)) largest = std::max(largest, std::abs(number));
  constexpr double infinite = std::numeric_limits<double>::infinity();
  return worst<double>(expected, got, [&](double a, double b) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) == std::isnan(b) ? 0.0 : infinite;
    if (std::isinf(a) || std::isinf(b)) return a == b ? 0.0 : infinite;
    const double off = std::abs(a - b);
    return off > tolerance * largest ? off : 0.0;
  });
}

std::optional<std::string> strings_differ(const Tensor& expected, const Tensor& got) {
  const auto *a = expected.as<std::string>(), *b = got.as<std::string>();
  for (int64_t i = 0; i < expected.elements(); ++i)
    if (a[i] != b[i])
      return fmt::format("element {}: expected '{}', got '{}'", index_text(expected.shape(), i),
                         a[i], b[i]);
  return std::nullopt;
}

template <class T>
double unequal(T a, T b) {
  return a == b ? 0.0 : a > b ? static_cast<double>(a - b) : static_cast<double>(b - a);
}

std::optional<std::string> bytes_differ(const Tensor& expected, const Tensor& got) {
  const auto* a = static_cast<const char*>(expected.data());
  if (std::equal(a, a + expected.bytes(), static_cast<const char*>(got.data()))) return {};
  return "elements depart";
}

std::optional<std::string> tensors_differ(const Tensor& expected, const Tensor& got,
                                          double tolerance) {
  const ElementType type = expected.type();
  if (type != got.type() || expected.shape() != got.shape())
    return fmt::format("expected {}{}, got {}{}", name(type), to_string(expected.shape()),
                       name(got.type()), to_string(got.shape()));
  if (type == ElementType::string) return strings_differ(expected, got);
  if (is_floating(type)) return floats_differ(expected, got, tolerance);
  if (is_complex(type)) return bytes_differ(expected, got);
  if (type == ElementType::uint64) return worst<uint64_t>(expected, got, unequal<uint64_t>);
  return worst<int64_t>(expected, got, unequal<int64_t>);
}

}  // namespace

std::optional<std::string> difference(const Value& expected, const Value& got, double tolerance) {
  if (expected.kind != got.kind) return "values of different kinds";
  if (expected.kind == Value::Kind::tensor)
    return tensors_differ(expected.tensor, got.tensor, tolerance);
  if (expected.elements.size() != got.elements.size())
    return fmt::format("expected {} elements, got {}", expected.elements.size(),
                       got.elements.size());
  for (size_t i = 0; i < expected.elements.size(); ++i)
    if (auto inner = difference(expected.elements[i], got.elements[i], tolerance))
      return fmt::format("value {}: {}", i, *inner);
  return std::nullopt;
}

}  // namespace cermet
