#include "builder/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/scalar.h"

namespace cermet {
namespace {

// Of the differences that shaking makes: chance may have made them small.
constexpr double shake_factor = 8;
// Half of the largest number of float16: beyond it rounding may make infinity.
constexpr double safe_float16 = 32752;

// A number next to which an error counts as small: for sums the largest result, whose size says
// how large the summands are; otherwise the point's own, or a usual one.
struct Scale {
  double floor = 0;

  Scale(const std::vector<double>& numbers, bool sums) {
    std::vector<double> sizes;
    for (double number : numbers)
      if (std::isfinite(number)) sizes.push_back(std::abs(number));
    if (sizes.empty()) return;
    const auto at = sums ? sizes.end() - 1 : sizes.begin() + static_cast<int64_t>(sizes.size()) / 2;
    std::nth_element(sizes.begin(), at, sizes.end());
    floor = *at;
  }
  double at(double number) const { return std::max(floor, std::abs(number)); }
};

}  // namespace

Expectation expectation(Tensor exact, const std::vector<Tensor>& shaken,
                        const KernelRounding& rounding) {
  Expectation result{std::move(exact), {}};
  const std::vector<double> numbers = load_all<double>(result.exact.view());
  const ElementType type = rounding.type;
  const double part = rounding_error(rounding);
  const Scale scale(numbers, rounding.summands > 0);
  result.allowed.resize(numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i)
    result.allowed[i] = type == ElementType::float16 && std::abs(numbers[i]) > safe_float16
                            ? std::numeric_limits<double>::infinity()
                            : part * scale.at(numbers[i]) + smallest_error(type);
  for (const Tensor& moved : shaken) {
    const std::vector<double> others = load_all<double>(moved.view());
    for (size_t i = 0; i < numbers.size(); ++i)
      if (const double by = std::abs(others[i] - numbers[i]); std::isfinite(by))
        result.allowed[i] += shake_factor * by;
      else
        result.allowed[i] = std::numeric_limits<double>::infinity();
  }
  return result;
}

Comparison compare(const Expectation& expectation, const Tensor& got) {
  const std::vector<double> a = load_all<double>(expectation.exact.view()),
                            b = load_all<double>(got.view());
  constexpr double infinite = std::numeric_limits<double>::infinity();
  Comparison result;
  for (size_t i = 0; i < a.size(); ++i) {
    // Where the model itself gives no number, or may give none, there is nothing to compare.
    if (!std::isfinite(a[i]) || !std::isfinite(expectation.allowed[i])) continue;
    ++result.points;
    const double error = std::isfinite(b[i]) ? std::abs(a[i] - b[i]) : infinite;
    if (error == 0) continue;
    const double part = std::isfinite(error) && expectation.allowed[i] > 0
                            ? error / expectation.allowed[i]
                            : infinite;
    result.wrong += part > 1;
    if (!(part > result.part)) continue;
    result.worst = static_cast<int64_t>(i);
    result.error = error;
    result.allowed = expectation.allowed[i];
    result.part = part;
    result.expected = a[i];
    result.got = b[i];
  }
  return result;
}

}  // namespace cermet
