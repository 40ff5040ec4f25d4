// GridSample: reads an image at places that a grid names, for any number of spatial dimensions.
#include <algorithm>
#include <cmath>
#include <complex>

#include "base/scalar.h"
#include "ops/convolution/conv_shapes.ref.h"
#include "ops/convolution/convolution.ref.h"

namespace cermet {
namespace {

enum class Mode { nearest, linear, cubic };
enum class Border { zeros, border, reflection };

struct Sampler {
  Mode mode = Mode::linear;
  Border border = Border::zeros;
  bool align_corners = false;

  static Sampler from(const Attributes& attributes) {
    Sampler result;
    const std::string mode = attributes.text("mode", "linear");
    const std::string border = attributes.text("padding_mode", "zeros");
    require(mode == "nearest" || mode == "linear" || mode == "cubic", ErrorCode::invalid_model,
            "attribute mode: expected nearest, linear or cubic, got \"{}\"", mode);
    require(border == "zeros" || border == "border" || border == "reflection",
            ErrorCode::invalid_model,
            "attribute padding_mode: expected zeros, border or reflection, got \"{}\"", border);
    result.mode = mode == "nearest" ? Mode::nearest : mode == "linear" ? Mode::linear : Mode::cubic;
    result.border = border == "zeros"    ? Border::zeros
                    : border == "border" ? Border::border
                                         : Border::reflection;
    result.align_corners = attributes.integer("align_corners", 0) != 0;
    return result;
  }
};

// One element of a dimension with its weight; -1 outside of the image.
struct Tap {
  int64_t index;
  double weight;
};

double reflect(double x, double low, double high) {
  const double range = high - low;
  if (!(range > 0)) return low;
  const double distance = std::abs(x - low);
  const double rest = std::fmod(distance, range);
  return std::fmod(std::floor(distance / range), 2) == 0 ? low + rest : high - rest;
}

class Dimension {
 public:
  Dimension(const Sampler& sampler, int64_t size)
      : sampler_(sampler),
        size_(size),
        low_(sampler.align_corners ? 0.0 : -0.5),
        high_(sampler.align_corners ? static_cast<double>(size) - 1
                                    : static_cast<double>(size) - 0.5) {}

  // The taps of the normalised place `x` (-1 and 1 are the image's ends).
  std::vector<Tap> taps(double x) const {
    const auto size = static_cast<double>(size_);
    double place = sampler_.align_corners ? (x + 1) / 2 * (size - 1) : ((x + 1) * size - 1) / 2;
    // Far outside, and where it is not a number, any place does as well that is outside.
    constexpr double far = 1 << 30;
    place = std::isnan(place) ? -far : std::clamp(place, -far, far);
    if (sampler_.mode == Mode::nearest) place = std::nearbyint(place);
    // Cubic taps are brought inside one by one.
    if (sampler_.mode != Mode::cubic && (place < low_ || place > high_)) {
      if (sampler_.border == Border::border) place = std::clamp(place, 0.0, size - 1);
      if (sampler_.border == Border::reflection) place = reflect(place, low_, high_);
    }
    if (sampler_.mode == Mode::nearest) return {{resolve(std::trunc(place)), 1.0}};
    const double first = std::floor(place);
    const double ratio = place - first;
    if (sampler_.mode == Mode::linear)
      return {{resolve(first), 1 - ratio}, {resolve(first + 1), ratio}};
    return {{resolve(first - 1), cubic(ratio + 1)},
            {resolve(first), cubic(ratio)},
            {resolve(first + 1), cubic(1 - ratio)},
            {resolve(first + 2), cubic(2 - ratio)}};
  }

 private:
  static double cubic(double x) {
    constexpr double a = -0.75;
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  }

  int64_t resolve(double element) const {
    const auto last = static_cast<double>(size_ - 1);
    if (sampler_.border == Border::zeros && (element < 0 || element > last)) return -1;
    if (sampler_.border == Border::reflection) element = std::trunc(reflect(element, low_, high_));
    return static_cast<int64_t>(std::clamp(element, 0.0, last));
  }

  const Sampler& sampler_;
  int64_t size_;
  double low_, high_;
};

// The elements of a plane that one place reads: combinations of the taps of every dimension.
std::vector<Tap> plane_taps(const std::vector<Dimension>& dimensions, const Shape& image,
                            const double* place) {
  std::vector<Tap> result{{0, 1.0}};
  const size_t rank = dimensions.size();
  for (size_t d = 0; d < rank; ++d) {
    std::vector<Tap> next;
    for (const Tap& tap : dimensions[d].taps(place[rank - 1 - d]))
      for (const Tap& so_far : result)
        next.push_back(
            {tap.index < 0 || so_far.index < 0 ? -1 : so_far.index * image[d] + tap.index,
             so_far.weight * tap.weight});
    result = std::move(next);
  }
  return result;
}

struct Job {
  ConstTensorView x;
  TensorView y;
  std::vector<double> grid;
  Sampler sampler;

  // Calls f(element of y, plane of x, taps within the plane) for every element of the result.
  template <class F>
  void for_each(F&& f) const {
    const Shape image = spatial(x.shape);
    const int64_t plane = element_count(image);
    const int64_t places = element_count(spatial(y.shape));
    std::vector<Dimension> dimensions;
    for (const int64_t size : image) dimensions.emplace_back(sampler, size);
    const auto rank = static_cast<int64_t>(image.size());
    for (int64_t n = 0; n < x.shape[0]; ++n)
      for (int64_t i = 0; i < places; ++i) {
        const auto taps = plane_taps(dimensions, image, grid.data() + (n * places + i) * rank);
        for (int64_t c = n * x.shape[1]; c < (n + 1) * x.shape[1]; ++c)
          f(c * places + i, c * plane, taps);
      }
  }
};

template <class T>
void select(const Job& job, const std::vector<T>& x, std::vector<T>& y) {
  job.for_each([&](int64_t at, int64_t plane, const std::vector<Tap>& taps) {
    if (taps[0].index >= 0) y[at] = x[plane + taps[0].index];
  });
}

void sample_nearest(const Job& job) {
  if (job.x.type == ElementType::string) {
    const auto* first = job.x.as<std::string>();
    const std::vector<std::string> x(first, first + job.x.elements());
    std::vector<std::string> y(static_cast<size_t>(job.y.elements()));
    select(job, x, y);
    std::copy(y.begin(), y.end(), job.y.as<std::string>());
    return;
  }
  dispatch_wide(job.x.type, [&]<class T>() {
    std::vector<T> y(static_cast<size_t>(job.y.elements()), T());
    select(job, load_all<T>(job.x), y);
    store_all(job.y, y);
  });
}

template <class T>
void sample_blend(const Job& job) {
  const std::vector<T> x = load_all<T>(job.x);
  std::vector<T> y(static_cast<size_t>(job.y.elements()), T());
  job.for_each([&](int64_t at, int64_t plane, const std::vector<Tap>& taps) {
    for (const Tap& tap : taps)
      if (tap.index >= 0) y[at] += tap.weight * x[plane + tap.index];
  });
  store_all(job.y, y);
}

}  // namespace

void infer_grid_sample(InferContext& context) {
  Sampler::from(context.attributes());
  const ElementType element = context.element(0);
  const std::optional<int> rank = convolution_rank(context);
  if (!rank) return context.set_output_rank_unknown(0, element);
  const bool has_image = context.has_rank(0);
  const bool has_grid = context.has_rank(1);
  if (has_grid)
    context.require(may_equal(context.dims(1).back(), *rank - 2),
                    "grid: expected {} coordinates a place, got {}", *rank - 2,
                    context.input(1).to_string());
  if (has_image && has_grid)
    context.require(may_equal(context.dims(0)[0], context.dims(1)[0]),
                    "grid: expected a batch of {}, got {}", context.dims(0)[0].to_string(),
                    context.input(1).to_string());
  Dims dims;
  if (has_image)
    dims = {context.dims(0)[0], context.dims(0)[1]};
  else
    dims = {context.dims(1)[0], context.new_dim("channels")};
  for (int d = 1; d < *rank - 1; ++d)
    dims.push_back(has_grid ? context.dims(1)[d] : context.new_dim("d"));
  context.set_output(0, element, std::move(dims));
}

void evaluate_grid_sample(EvalContext& context) {
  const TensorView output = context.output(0);
  const Job job{context.input(0), output, load_all<double>(context.input(1)),
                Sampler::from(context.attributes())};
  if (output.elements() == 0) return;
  context.require(job.x.elements() > 0, "expected an image with elements, got {}",
                  to_string(job.x.shape));
  if (job.sampler.mode == Mode::nearest) return sample_nearest(job);
  context.require(job.x.type != ElementType::string,
                  "expected numbers for linear and cubic modes, got strings");
  if (is_complex(job.x.type)) return sample_blend<std::complex<double>>(job);
  sample_blend<double>(job);
}

}  // namespace cermet
