// Resize: separable, one dimension after the other.
#include <cmath>
#include <complex>

#include "base/scalar.h"
#include "ops/convolution/conv_shapes.ref.h"
#include "ops/convolution/convolution.ref.h"
#include "ops/convolution/resize.attrs.h"

namespace cermet {
namespace {

enum : size_t { image, roi, scales, sizes };

// Older models pass empty tensors for what is absent.
bool is_given(const InferContext& context, size_t i) {
  if (!context.has_input(i)) return false;
  return !context.has_rank(i) || context.rank(i) != 1 || !context.dims(i)[0].is_constant(0);
}

std::optional<std::vector<double>> known_numbers(const InferContext& context, size_t i) {
  const auto constant = context.constant(i);
  if (!constant) return std::nullopt;
  return load_all<double>(*constant);
}

// The size under a scale as an expression: exact where the scale is a small binary fraction.
Dim scaled(InferContext& context, const Dim& input, double scale) {
  if (input.is_constant()) return scaled_size(input.constant(), static_cast<float>(scale));
  context.require(scale > 0, "scales: expected positive numbers, got {}", scale);
  for (int64_t divisor = 1; divisor <= 1024; divisor *= 2) {
    const double factor = scale * static_cast<double>(divisor);
    if (factor == std::floor(factor) && factor < 1 << 20)
      return floor_div(input * static_cast<int64_t>(factor), divisor);
  }
  return context.new_dim("resized");
}

void require_count(const InferContext& context, std::string_view what, size_t count,
                   size_t expected) {
  context.require(count == expected, "{}: expected {} numbers, got {}", what, expected, count);
}

void infer_scaled(InferContext& context, const ResizeAttributes& attributes,
                  const std::vector<int>& axes, Dims& dims) {
  const auto factors = known_numbers(context, scales);
  const bool crop = attributes.transform == CoordinateTransform::tf_crop_and_resize;
  const auto region = crop ? known_numbers(context, roi) : std::nullopt;
  if (factors) require_count(context, "scales", factors->size(), axes.size());
  if (region) require_count(context, "roi", region->size(), 2 * axes.size());
  for (size_t i = 0; i < axes.size(); ++i) {
    Dim& size = dims[axes[i]];
    if (!factors || (crop && !region))
      size = context.new_dim("resized");
    else
      size = scaled(context, size,
                    (*factors)[i] * (region ? (*region)[axes.size() + i] - (*region)[i] : 1.0));
  }
}

void infer_sized(InferContext& context, const ResizeAttributes& attributes,
                 const std::vector<int>& axes, Dims& dims) {
  const auto wanted = context.contents(sizes);
  if (wanted) require_count(context, "sizes", wanted->size(), axes.size());
  Dims before;
  for (const int axis : axes) before.push_back(dims[axis]);
  std::optional<double> scale;
  if (wanted && attributes.aspect_ratio != AspectRatio::stretch && all_constant(*wanted) &&
      all_constant(before))
    scale = common_scale(attributes.aspect_ratio, constants(before), constants(*wanted));
  for (size_t i = 0; i < axes.size(); ++i) {
    Dim& size = dims[axes[i]];
    if (scale)
      size = rounded_size(size.constant(), *scale);
    else
      size = wanted && attributes.aspect_ratio == AspectRatio::stretch ? (*wanted)[i]
                                                                       : context.new_dim("resized");
    context.require(!size.is_constant() || size.constant() >= 0,
                    "sizes: expected at least 0, got {}", size.to_string());
  }
}

// What each resized dimension does, for concrete inputs.
std::vector<std::pair<int, ResizeAxis>> concrete_axes(const EvalContext& context,
                                                      const ResizeAttributes& attributes,
                                                      const Shape& output) {
  const Shape& input = context.input(image).shape;
  const std::vector<int> axes = attributes.axes_of(static_cast<int>(input.size()));
  const auto numbers = [&](size_t i) {
    return context.has_input(i) ? load_all<double>(context.input(i)) : std::vector<double>();
  };
  const std::vector<double> region = numbers(roi);
  const std::vector<double> wanted = numbers(sizes);
  const std::vector<double> factors = wanted.empty() ? numbers(scales) : std::vector<double>();
  if (attributes.transform == CoordinateTransform::tf_crop_and_resize)
    context.require(region.size() == 2 * axes.size(), "roi: expected {} numbers, got {}",
                    2 * axes.size(), region.size());
  std::vector<int64_t> before;
  std::vector<int64_t> after;
  for (size_t i = 0; i < axes.size(); ++i) {
    before.push_back(input[axes[i]]);
    after.push_back(wanted.empty() ? output[axes[i]] : static_cast<int64_t>(wanted[i]));
  }
  const bool keep = !wanted.empty() && attributes.aspect_ratio != AspectRatio::stretch;
  const double common = keep ? common_scale(attributes.aspect_ratio, before, after) : 1;
  std::vector<std::pair<int, ResizeAxis>> result;
  for (size_t i = 0; i < axes.size(); ++i) {
    ResizeAxis axis{before[i], output[axes[i]]};
    axis.scale = keep ? common
                 : !factors.empty()
                     ? factors[i]
                     : static_cast<double>(after[i]) / static_cast<double>(before[i]);
    if (region.size() == 2 * axes.size()) {
      axis.roi_begin = region[i];
      axis.roi_end = region[axes.size() + i];
    }
    result.emplace_back(axes[i], axis);
  }
  return result;
}

// Resizes dimension `axis` of x, changing `shape`. combine(row, i, inner offset) gives an element
// from the slice that begins at `row`.
template <class T, class Combine>
void along_axis(std::vector<T>& x, Shape& shape, int axis, const ResizeTable& table,
                const T& extrapolation, Combine&& combine) {
  const int64_t inner = element_count(Shape(shape.begin() + axis + 1, shape.end()));
  const int64_t outer = element_count(Shape(shape.begin(), shape.begin() + axis));
  const auto size = static_cast<int64_t>(table.outside.size());
  std::vector<T> y(static_cast<size_t>(outer * size * inner));
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < size; ++i) {
      T* to = y.data() + (o * size + i) * inner;
      if (table.outside[i])
        std::fill_n(to, inner, extrapolation);
      else
        combine(x.data() + o * shape[axis] * inner, i, inner, to);
    }
  shape[axis] = size;
  x = std::move(y);
}

template <class T>
void select_axis(std::vector<T>& x, Shape& shape, int axis, const ResizeTable& table,
                 const T& extrapolation) {
  along_axis(x, shape, axis, table, extrapolation,
             [&](const T* slice, int64_t i, int64_t inner, T* to) {
               std::copy_n(slice + table.indices[i] * inner, inner, to);
             });
}

template <class T>
void blend_axis(std::vector<T>& x, Shape& shape, int axis, const ResizeTable& table,
                const T& extrapolation) {
  along_axis(x, shape, axis, table, extrapolation,
             [&](const T* slice, int64_t i, int64_t inner, T* to) {
               for (int64_t t = 0; t < table.taps; ++t) {
                 const double weight = table.weights[i * table.taps + t];
                 const T* from = slice + table.indices[i * table.taps + t] * inner;
                 if (weight == 0) continue;
                 for (int64_t j = 0; j < inner; ++j) to[j] += weight * from[j];
               }
             });
}

struct Job {
  ConstTensorView input;
  TensorView output;
  ResizeAttributes attributes;
  std::vector<std::pair<int, ResizeAxis>> axes;

  // Applies `step` along each dimension that changes.
  template <class T, class Step>
  std::vector<T> run(std::vector<T> x, const T& extrapolation, Step&& step) const {
    Shape shape = input.shape;
    for (const auto& [axis, what] : axes) {
      const ResizeTable table = resize_table(attributes, what);
      if (!table.is_identity(what.input)) step(x, shape, axis, table, extrapolation);
    }
    return x;
  }
};

void resize_nearest(const Job& job) {
  if (job.input.type == ElementType::string) {
    const auto* first = job.input.as<std::string>();
    const auto y = job.run(std::vector<std::string>(first, first + job.input.elements()),
                           std::string(), [](auto&&... a) { select_axis<std::string>(a...); });
    std::copy(y.begin(), y.end(), job.output.as<std::string>());
    return;
  }
  dispatch_wide(job.input.type, [&]<class T>() {
    store_all(job.output,
              job.run(load_all<T>(job.input), static_cast<T>(job.attributes.extrapolation_value),
                      [](auto&&... a) { select_axis<T>(a...); }));
  });
}

template <class T>
void resize_blend(const Job& job) {
  std::vector<T> y =
      job.run(load_all<T>(job.input), static_cast<T>(job.attributes.extrapolation_value),
              [](auto&&... a) { blend_axis<T>(a...); });
  if constexpr (std::is_same_v<T, double>)
    if (!is_floating(job.output.type))
      for (double& value : y) value = std::nearbyint(value);
  store_all(job.output, y);
}

}  // namespace

void infer_resize(InferContext& context) {
  const ElementType element = context.element(image);
  const auto attributes = ResizeAttributes::from(context.attributes());
  const bool has_sizes = is_given(context, sizes);
  context.require(has_sizes || is_given(context, scales), "expected scales or sizes, got neither");
  if (!context.has_rank(image)) return context.set_output_rank_unknown(0, element);
  Dims dims = context.dims(image);
  const std::vector<int> axes = attributes.axes_of(static_cast<int>(dims.size()));
  if (has_sizes)
    infer_sized(context, attributes, axes, dims);
  else
    infer_scaled(context, attributes, axes, dims);
  context.set_output(0, element, std::move(dims));
}

void evaluate_resize(EvalContext& context) {
  const auto attributes = ResizeAttributes::from(context.attributes());
  const TensorView output = context.output(0);
  Job job{context.input(image), output, attributes,
          concrete_axes(context, attributes, output.shape)};
  if (output.elements() == 0) return;
  if (attributes.mode == ResizeMode::nearest) return resize_nearest(job);
  context.require(job.input.type != ElementType::string,
                  "expected numbers for linear and cubic modes, got strings");
  if (is_complex(job.input.type)) return resize_blend<std::complex<double>>(job);
  resize_blend<double>(job);
}

}  // namespace cermet
