// AveragePool, LpPool and MaxPool: each plane of the image is read through the taps of a window.
#include <cmath>
#include <limits>

#include "base/scalar.h"
#include "ops/convolution/conv_shapes.ref.h"
#include "ops/convolution/convolution.ref.h"
#include "ops/convolution/pooling.attrs.h"
#include "ops/convolution/window_taps.ref.h"

namespace cermet {
namespace {

struct Pool {
  PoolingAttributes attributes;
  WindowGeometry window;
  std::vector<double> x;
  int64_t planes, image, positions;

  // Positions handled together: enough to amortise, few enough for the offsets to stay small.
  int64_t run() const { return std::max<int64_t>(1, 65536 / window.taps()); }
};

Pool open(EvalContext& context) {
  const ConstTensorView& x = context.input(0);
  const Shape y = constants(*context.inferred(0).dims);
  Pool pool;
  pool.attributes = PoolingAttributes::from(context.attributes());
  pool.window = WindowGeometry::of(pool.attributes.window, spatial(x.shape), spatial(y));
  pool.x = load_all<double>(x);
  pool.planes = x.shape[0] * x.shape[1];
  pool.image = element_count(pool.window.image);
  pool.positions = element_count(pool.window.positions);
  return pool;
}

// Calls f(result, element) for every tap inside of the image, then finish(result, position number
// within the run) for every position; results begin as `initial`.
template <class F, class Finish>
void pool_all(const Pool& pool, const TensorView& output, double initial, F&& f, Finish&& finish) {
  std::vector<double> y(static_cast<size_t>(output.elements()), initial);
  for_each_run(pool.window, pool.run(), [&](int64_t first, int64_t count, const auto& offsets) {
    for (int64_t plane = 0; plane < pool.planes; ++plane) {
      const double* x = pool.x.data() + plane * pool.image;
      double* row = y.data() + plane * pool.positions + first;
      for (size_t tap = 0; tap < offsets.size(); ++tap)
        if (offsets[tap] >= 0) f(row[tap % count], x[offsets[tap]]);
      for (int64_t i = 0; i < count; ++i) finish(row[i], first + i);
    }
  });
  store_all(output, y);
}

// How many elements each position averages over.
std::vector<double> divisors(const Pool& pool) {
  WindowGeometry window = pool.window;
  if (pool.attributes.count_include_pad) {
    std::vector<int64_t> pads_end;
    for (size_t d = 0; d < window.image.size(); ++d)
      pads_end.push_back(pool.attributes.padding(window.image[d], d).end.constant());
    window = window.padded(pads_end);
  }
  std::vector<double> counts(static_cast<size_t>(pool.positions), 0.0);
  for_each_run(window, pool.run(), [&](int64_t first, int64_t count, const auto& offsets) {
    for (size_t tap = 0; tap < offsets.size(); ++tap)
      if (offsets[tap] >= 0) counts[first + static_cast<int64_t>(tap) % count] += 1;
  });
  return counts;
}

// The number of an element of a plane when the first spatial dimension counts fastest.
int64_t column_major(const Shape& image, int64_t row_major) {
  int64_t result = 0;
  int64_t size = element_count(image);
  for (size_t d = image.size(); d-- > 0; row_major /= image[d]) {
    size /= image[d];
    result += row_major % image[d] * size;
  }
  return result;
}

// Comparisons are of values that double holds exactly.
void require_narrow(const EvalContext& context) {
  const ElementType type = context.input(0).type;
  context.require(is_floating(type) || (is_integer(type) && bit_width(type) <= 32),
                  "expected floating-point elements or integers of at most 32 bits, got {}",
                  name(type));
}

double lowest(ElementType type) {
  if (is_floating(type)) return -std::numeric_limits<double>::infinity();
  return is_signed_integer(type) ? -std::ldexp(1.0, bit_width(type) - 1) : 0.0;
}

}  // namespace

void infer_pool(InferContext& context) {
  const ElementType element = context.element(0);
  const auto attributes = PoolingAttributes::from(context.attributes());
  const size_t rank = attributes.window.rank();
  if (!context.has_rank(0)) return context.set_output_rank(0, element, static_cast<int>(rank) + 2);
  const Dims& x = context.dims(0);
  context.require(x.size() == rank + 2, "expected {} dimensions for {} kernel sizes, got {}",
                  rank + 2, rank, context.input(0).to_string());
  Dims dims{x[0], x[1]};
  for (size_t d = 0; d < rank; ++d) dims.push_back(attributes.output_size(x[d + 2], d));
  context.set_output(0, element, std::move(dims));
}

void evaluate_average_pool(EvalContext& context) {
  const TensorView output = context.output(0);
  const Pool pool = open(context);
  const std::vector<double> counts = divisors(pool);
  pool_all(
      pool, output, 0.0, [](double& sum, double x) { sum += x; },
      [&](double& sum, int64_t position) {
        if (counts[position] > 0) sum /= counts[position];
      });
}

void evaluate_lp_pool(EvalContext& context) {
  const TensorView output = context.output(0);
  const Pool pool = open(context);
  const auto p = static_cast<double>(pool.attributes.p);
  pool_all(
      pool, output, 0.0, [p](double& sum, double x) { sum += std::pow(std::abs(x), p); },
      [p](double& sum, int64_t) { sum = std::pow(sum, 1.0 / p); });
}

void infer_max_pool(InferContext& context) {
  infer_pool(context);
  if (context.output_count() < 2) return;
  ValueType indices = context.outputs()[0].type;
  indices.element = ElementType::int64;
  context.set_output(1, std::move(indices));
}

void evaluate_max_pool(EvalContext& context) {
  require_narrow(context);
  const TensorView output = context.output(0);
  const Pool pool = open(context);
  const size_t elements = static_cast<size_t>(output.elements());
  std::vector<double> y(elements, lowest(output.type));
  std::vector<int64_t> indices(elements, -1);
  for_each_run(pool.window, pool.run(), [&](int64_t first, int64_t count, const auto& offsets) {
    for (int64_t plane = 0; plane < pool.planes; ++plane) {
      const double* x = pool.x.data() + plane * pool.image;
      const int64_t begin = plane * pool.positions + first;
      for (size_t tap = 0; tap < offsets.size(); ++tap) {
        if (offsets[tap] < 0) continue;
        const double value = x[offsets[tap]];
        const int64_t at = begin + static_cast<int64_t>(tap) % count;
        // The first of equal elements wins; a NaN wins over everything.
        if (indices[at] >= 0 && !(value > y[at]) && !(std::isnan(value) && !std::isnan(y[at])))
          continue;
        y[at] = value;
        indices[at] = offsets[tap];
      }
    }
  });
  store_all(output, y);
  if (context.output_count() < 2 || !context.wants_output(1)) return;
  for (size_t i = 0; i < elements; ++i) {
    if (indices[i] < 0) continue;
    if (pool.attributes.column_major_indices)
      indices[i] = column_major(pool.window.image, indices[i]);
    indices[i] += static_cast<int64_t>(i) / pool.positions * pool.image;
  }
  store_all(context.output(1), indices);
}

}  // namespace cermet
