// GlobalAveragePool, GlobalMaxPool and GlobalLpPool: one number a plane.
#include <cmath>
#include <limits>

#include "base/scalar.h"
#include "ops/convolution/conv_shapes.ref.h"
#include "ops/convolution/convolution.ref.h"
#include "ops/convolution/pooling.attrs.h"

namespace cermet {
namespace {

// Stores reduce(begin, end) of each plane.
template <class Reduce>
void reduce_planes(EvalContext& context, Reduce&& reduce) {
  const std::vector<double> x = load_all<double>(context.input(0));
  const int64_t plane = element_count(spatial(context.input(0).shape));
  const TensorView output = context.output(0);
  std::vector<double> y(static_cast<size_t>(output.elements()));
  for (size_t i = 0; i < y.size(); ++i)
    y[i] = reduce(x.data() + static_cast<int64_t>(i) * plane,
                  x.data() + (static_cast<int64_t>(i) + 1) * plane);
  store_all(output, y);
}

}  // namespace

void infer_global_pool(InferContext& context) {
  if (!context.has_rank(0)) return context.set_output_rank_unknown(0, context.element(0));
  Dims dims = context.dims(0);
  context.require(dims.size() >= 2, "expected at least 2 dimensions, got {}",
                  context.input(0).to_string());
  for (size_t d = 2; d < dims.size(); ++d) dims[d] = 1;
  context.set_output(0, context.element(0), std::move(dims));
}

void evaluate_global_average_pool(EvalContext& context) {
  reduce_planes(context, [](const double* begin, const double* end) {
    double sum = 0;
    for (const double* x = begin; x != end; ++x) sum += *x;
    return sum / static_cast<double>(end - begin);
  });
}

void evaluate_global_max_pool(EvalContext& context) {
  reduce_planes(context, [](const double* begin, const double* end) {
    double largest = -std::numeric_limits<double>::infinity();
    for (const double* x = begin; x != end; ++x)
      if (*x > largest || std::isnan(*x)) largest = *x;
    return largest;
  });
}

void evaluate_global_lp_pool(EvalContext& context) {
  const auto p = static_cast<double>(norm_exponent(context.attributes()));
  reduce_planes(context, [p](const double* begin, const double* end) {
    double sum = 0;
    for (const double* x = begin; x != end; ++x) sum += std::pow(std::abs(*x), p);
    return std::pow(sum, 1 / p);
  });
}

}  // namespace cermet
