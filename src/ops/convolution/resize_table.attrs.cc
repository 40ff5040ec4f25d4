// Coordinates and weights of Resize along one dimension.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ops/convolution/resize.attrs.h"

namespace cermet {
namespace {

// The place in the input that element `i` of the result is read from.
double original(const ResizeAttributes& attributes, const ResizeAxis& axis, int64_t i) {
  const auto x = static_cast<double>(i);
  const auto last = static_cast<double>(axis.input - 1);
  // Not rounded: a scale may ask for a fraction of an element.
  const double width = axis.scale * static_cast<double>(axis.input);
  // A scale that is not a binary fraction carries a rounding error, which would decide where
  // "nearest" falls; a quotient of float precision is free of it.
  const auto quotient = [&](double a, double b) {
    return attributes.mode == ResizeMode::nearest ? static_cast<double>(static_cast<float>(a / b))
                                                  : a / b;
  };
  switch (attributes.transform) {
    case CoordinateTransform::half_pixel:
      return quotient(x + 0.5, axis.scale) - 0.5;
    case CoordinateTransform::half_pixel_symmetric: {
      const double adjustment = static_cast<double>(axis.output) / width;
      return static_cast<double>(axis.input) / 2 * (1 - adjustment) +
             quotient(x + 0.5, axis.scale) - 0.5;
    }
    case CoordinateTransform::pytorch_half_pixel:
      return axis.output > 1 ? quotient(x + 0.5, axis.scale) - 0.5 : 0;
    case CoordinateTransform::align_corners:
      return width == 1 ? 0 : quotient(x * last, width - 1);
    case CoordinateTransform::asymmetric:
      return quotient(x, axis.scale);
    case CoordinateTransform::tf_half_pixel_for_nn:
      return quotient(x + 0.5, axis.scale);
    case CoordinateTransform::tf_crop_and_resize: {
      const double extent = axis.roi_end - axis.roi_begin;
      if (axis.output <= 1) return (axis.roi_begin + axis.roi_end) / 2 * last;
      return axis.roi_begin * last + x * extent * last / static_cast<double>(axis.output - 1);
    }
  }
  fail(ErrorCode::internal, "a coordinate transformation without formula");
}

double nearest(NearestMode mode, double x, double scale) {
  switch (mode) {
    case NearestMode::round_prefer_floor:
      return std::ceil(x - 0.5);
    case NearestMode::round_prefer_ceil:
      return std::floor(x + 0.5);
    case NearestMode::floor:
      return std::floor(x);
    case NearestMode::ceil:
      return std::ceil(x);
    case NearestMode::floor_up_ceil_down:
      return scale < 1 ? std::ceil(x) : std::floor(x);
  }
  fail(ErrorCode::internal, "a nearest mode without formula");
}

// The filter's value at distance x, in units of its own width.
double filter(const ResizeAttributes& attributes, double x) {
  x = std::abs(x);
  if (attributes.mode == ResizeMode::linear) return std::max(0.0, 1 - x);
  const double a = attributes.cubic_coefficient;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

int64_t clamp_index(double x, int64_t size) {
  return static_cast<int64_t>(std::clamp(x, 0.0, static_cast<double>(size - 1)));
}

// Weights of the taps around x; elements outside of the input repeat its ends.
void add_taps(const ResizeAttributes& attributes, const ResizeAxis& axis, double x,
              ResizeTable& table) {
  const double stretch = attributes.antialias ? std::min(axis.scale, 1.0) : 1.0;
  // The element left of x; an x on an element counts as being right of its left neighbour.
  const double left = std::ceil(x) - 1;
  const int64_t before = table.taps / 2 - 1;
  const double first = left - static_cast<double>(before);
  std::vector<double> weights;
  double sum = 0;
  for (int64_t t = 0; t < table.taps; ++t) {
    const double element = first + static_cast<double>(t);
    const bool counts = !attributes.exclude_outside ||
                        (element >= 0 && element <= static_cast<double>(axis.input - 1));
    weights.push_back(counts ? filter(attributes, (element - x) * stretch) : 0.0);
    sum += weights.back();
    table.indices.push_back(clamp_index(element, axis.input));
  }
  for (const double weight : weights) table.weights.push_back(sum == 0 ? 0.0 : weight / sum);
}

int64_t tap_count(const ResizeAttributes& attributes, const ResizeAxis& axis) {
  if (attributes.mode == ResizeMode::nearest) return 1;
  const double reach = attributes.mode == ResizeMode::linear ? 1 : 2;
  const double stretch = attributes.antialias ? std::min(axis.scale, 1.0) : 1.0;
  return -2 * static_cast<int64_t>(std::floor(-reach / stretch));
}

}  // namespace

ResizeTable resize_table(const ResizeAttributes& attributes, const ResizeAxis& axis) {
  ResizeTable table;
  table.outside.assign(static_cast<size_t>(axis.output), false);
  if (axis.output == 0) return table;
  require(axis.input > 0 && std::isfinite(axis.scale) && axis.scale > 0, ErrorCode::runtime,
          "expected elements to resize to {}, got a dimension of {} and scale {}", axis.output,
          axis.input, axis.scale);
  table.taps = tap_count(attributes, axis);
  const bool crop = attributes.transform == CoordinateTransform::tf_crop_and_resize;
  for (int64_t i = 0; i < axis.output; ++i) {
    double x = original(attributes, axis, i);
    if (crop) table.outside[i] = !(x >= 0 && x <= static_cast<double>(axis.input - 1));
    if (table.outside[i]) x = 0;
    if (attributes.mode != ResizeMode::nearest) {
      add_taps(attributes, axis, x, table);
      continue;
    }
    table.indices.push_back(clamp_index(nearest(attributes.nearest, x, axis.scale), axis.input));
    table.weights.push_back(1);
  }
  return table;
}

bool ResizeTable::is_identity(int64_t input) const {
  if (static_cast<int64_t>(outside.size()) != input) return false;
  for (int64_t i = 0; i < input; ++i) {
    if (outside[i]) return false;
    for (int64_t t = 0; t < taps; ++t) {
      const bool reads_itself = indices[i * taps + t] == i;
      if (!reads_itself && weights[i * taps + t] != 0) return false;
    }
  }
  return true;
}

}  // namespace cermet
