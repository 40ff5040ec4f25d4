#include "ops/learning/post_transform.ref.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

#include "base/error.h"
#include "ops/reduction/softmax.ref.h"

namespace cermet {
namespace {

constexpr std::array<std::string_view, 5> names{"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO",
                                                "PROBIT"};

// Scores this close to zero stay out of the softmax's exponentials.
constexpr double zero_score = 1e-7;

void softmax_zero(std::span<double> row) {
  if (row.empty()) return;
  const double top = *std::max_element(row.begin(), row.end());
  double total = 0;
  for (double& v : row) {
    v = std::abs(v) > zero_score ? std::exp(v - top) : v * std::exp(-top);
    total += v;
  }
  for (double& v : row) v = total == 0 ? 0.5 : v / total;
}

}  // namespace

PostTransform post_transform_from_name(std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  require(found != names.end(), ErrorCode::invalid_model,
          "post_transform: expected NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO or PROBIT, got '{}'",
          name);
  return static_cast<PostTransform>(found - names.begin());
}

PostTransform post_transform_from_number(int64_t number) {
  require(number >= 0 && number < static_cast<int64_t>(names.size()), ErrorCode::invalid_model,
          "post_transform: expected 0 to 4, got {}", number);
  return static_cast<PostTransform>(number);
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

// Starts at a logistic curve close to the quantile and refines by Newton's method.
double probit(double x) {
  const double infinity = std::numeric_limits<double>::infinity();
  if (!(x > 0)) return x == 0 ? -infinity : std::nan("");
  if (!(x < 1)) return x == 1 ? infinity : std::nan("");
  // The lower half keeps its digits; the upper one mirrors it.
  const bool upper = x > 0.5;
  const double p = upper ? 1 - x : x;
  double z = std::max(std::log(p / (1 - p)) / 1.702, -std::sqrt(-2 * std::log(p)));
  for (int i = 0; i < 30; ++i) {
    const double error = 0.5 * std::erfc(-z / std::numbers::sqrt2) - p;
    const double slope = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
    const double step = error / slope;
    z -= step / (1 + z * step / 2);
    if (std::abs(step) < 1e-15 * std::abs(z)) break;
  }
  return upper ? -z : z;
}

void transform_scores(PostTransform transform, std::span<double> row) {
  switch (transform) {
    case PostTransform::none:
      return;
    case PostTransform::softmax:
      return softmax_row(row);
    case PostTransform::softmax_zero:
      return softmax_zero(row);
    case PostTransform::logistic:
      for (double& v : row) v = logistic(v);
      return;
    case PostTransform::probit:
      for (double& v : row) v = probit(v);
      return;
  }
}

}  // namespace cermet
