// Attributes of Resize, and where each element of the result comes from.
#pragma once

#include <cstdint>
#include <vector>

#include "base/attributes.h"

namespace cermet {

enum class ResizeMode : uint8_t { nearest, linear, cubic };

enum class CoordinateTransform : uint8_t {
  half_pixel,
  half_pixel_symmetric,
  pytorch_half_pixel,
  align_corners,
  asymmetric,
  tf_crop_and_resize,
  tf_half_pixel_for_nn,  // opset 11 and 12 only
};

enum class NearestMode : uint8_t {
  round_prefer_floor,
  round_prefer_ceil,
  floor,
  ceil,
  // Models before opset 11: floor along dimensions that grow, ceil along those that shrink. Stated
  // as nearest_mode "floor_up_ceil_down", which only the importer writes.
  floor_up_ceil_down,
};

enum class AspectRatio : uint8_t { stretch, not_larger, not_smaller };

struct ResizeAttributes {
  ResizeMode mode = ResizeMode::nearest;
  CoordinateTransform transform = CoordinateTransform::half_pixel;
  NearestMode nearest = NearestMode::round_prefer_floor;
  AspectRatio aspect_ratio = AspectRatio::stretch;
  std::vector<int64_t> axes;  // empty: all; may count from the end
  bool antialias = false;
  bool exclude_outside = false;
  double cubic_coefficient = -0.75;
  double extrapolation_value = 0;

  static ResizeAttributes from(const Attributes& attributes);
  // The dimensions that roi, scales and sizes speak of, in their order.
  std::vector<int> axes_of(int rank) const;
};

// One dimension of a resize with concrete sizes.
struct ResizeAxis {
  int64_t input = 0;
  int64_t output = 0;
  double scale = 1;
  double roi_begin = 0;  // used by tf_crop_and_resize only
  double roi_end = 1;
};

// For result element i along one dimension: the sum over t < taps of weights[i * taps + t] times
// the input element indices[i * taps + t]; the extrapolation value where outside[i]. Nearest has
// one tap of weight 1.
struct ResizeTable {
  int64_t taps = 1;
  std::vector<int64_t> indices;
  std::vector<double> weights;
  std::vector<bool> outside;

  bool is_identity(int64_t input) const;
};

ResizeTable resize_table(const ResizeAttributes& attributes, const ResizeAxis& axis);

// The size along a dimension of `input` elements that is scaled: float arithmetic, rounded down.
int64_t scaled_size(int64_t input, float scale);

// The scale of all dimensions that keeps the aspect ratio, and a size under it.
double common_scale(AspectRatio policy, const std::vector<int64_t>& inputs,
                    const std::vector<int64_t>& sizes);
int64_t rounded_size(int64_t input, double scale);

}  // namespace cermet
