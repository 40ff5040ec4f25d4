#include "ops/convolution/resize.attrs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace cermet {
namespace {

template <class T>
using Names = std::initializer_list<std::pair<std::string_view, T>>;

template <class T>
T choose(const Attributes& attributes, std::string_view attribute, T otherwise,
         const Names<T>& names) {
  if (!attributes.has(attribute)) return otherwise;
  const std::string text = attributes.text(attribute);
  std::string known;
  for (const auto& [name, value] : names) {
    if (name == text) return value;
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  fail(ErrorCode::invalid_model, "attribute {}: expected one of {}, got \"{}\"", attribute, known,
       text);
}

}  // namespace

ResizeAttributes ResizeAttributes::from(const Attributes& attributes) {
  using enum CoordinateTransform;
  ResizeAttributes result;
  result.mode = choose<ResizeMode>(attributes, "mode", ResizeMode::nearest,
                                   {{"nearest", ResizeMode::nearest},
                                    {"linear", ResizeMode::linear},
                                    {"cubic", ResizeMode::cubic}});
  result.transform =
      choose<CoordinateTransform>(attributes, "coordinate_transformation_mode", half_pixel,
                                  {{"half_pixel", half_pixel},
                                   {"half_pixel_symmetric", half_pixel_symmetric},
                                   {"pytorch_half_pixel", pytorch_half_pixel},
                                   {"align_corners", align_corners},
                                   {"asymmetric", asymmetric},
                                   {"tf_crop_and_resize", tf_crop_and_resize},
                                   {"tf_half_pixel_for_nn", tf_half_pixel_for_nn}});
  result.nearest = choose<NearestMode>(attributes, "nearest_mode", NearestMode::round_prefer_floor,
                                       {{"round_prefer_floor", NearestMode::round_prefer_floor},
                                        {"round_prefer_ceil", NearestMode::round_prefer_ceil},
                                        {"floor", NearestMode::floor},
                                        {"ceil", NearestMode::ceil},
                                        {"floor_up_ceil_down", NearestMode::floor_up_ceil_down}});
  result.aspect_ratio =
      choose<AspectRatio>(attributes, "keep_aspect_ratio_policy", AspectRatio::stretch,
                          {{"stretch", AspectRatio::stretch},
                           {"not_larger", AspectRatio::not_larger},
                           {"not_smaller", AspectRatio::not_smaller}});
  result.axes = attributes.integers("axes", {});
  result.antialias = attributes.integer("antialias", 0) != 0;
  result.exclude_outside = attributes.integer("exclude_outside", 0) != 0;
  result.cubic_coefficient = attributes.number("cubic_coeff_a", -0.75);
  result.extrapolation_value = attributes.number("extrapolation_value", 0.0);
  require(!result.antialias || result.mode != ResizeMode::nearest, ErrorCode::invalid_model,
          "attribute antialias: expected mode linear or cubic, got nearest");
  return result;
}

std::vector<int> ResizeAttributes::axes_of(int rank) const {
  std::vector<int> result;
  for (int64_t axis : axes) {
    require(axis >= -rank && axis < rank, ErrorCode::invalid_model,
            "attribute axes: expected dimensions in [{}, {}), got {}", -rank, rank, axis);
    if (axis < 0) axis += rank;
    require(std::find(result.begin(), result.end(), axis) == result.end(), ErrorCode::invalid_model,
            "attribute axes: expected each dimension once, got {} twice", axis);
    result.push_back(static_cast<int>(axis));
  }
  if (axes.empty())
    for (int d = 0; d < rank; ++d) result.push_back(d);
  return result;
}

int64_t scaled_size(int64_t input, float scale) {
  const float size = std::floor(static_cast<float>(input) * scale);
  require(scale > 0 && size < 9e18f, ErrorCode::invalid_model,
          "expected a positive scale that gives a size, got {} for {} elements", scale, input);
  return static_cast<int64_t>(size);
}

double common_scale(AspectRatio policy, const std::vector<int64_t>& inputs,
                    const std::vector<int64_t>& sizes) {
  std::vector<double> scales;
  for (size_t i = 0; i < inputs.size(); ++i) {
    require(inputs[i] > 0 && sizes[i] >= 0, ErrorCode::invalid_model,
            "expected sizes of at least 0 for an image with elements, got {} for {}", sizes[i],
            inputs[i]);
    scales.push_back(static_cast<double>(sizes[i]) / static_cast<double>(inputs[i]));
  }
  if (scales.empty()) return 1;
  return policy == AspectRatio::not_larger ? *std::min_element(scales.begin(), scales.end())
                                           : *std::max_element(scales.begin(), scales.end());
}

int64_t rounded_size(int64_t input, double scale) {
  const double size = std::floor(scale * static_cast<double>(input) + 0.5);
  require(size < 9e18, ErrorCode::invalid_model, "expected a size, got {} elements scaled by {}",
          input, scale);
  return static_cast<int64_t>(size);
}

}  // namespace cermet
