#include "ops/normalization/local.ref.h"

#include <algorithm>
#include <cmath>

#include "ops/normalization/statistics.ref.h"
#include "ops/reduction/lanes.ref.h"

namespace cermet {
namespace {

// What the formula of MeanVarianceNormalization adds to the deviation.
constexpr double mvn_epsilon = 1e-9;

template <class Context>
std::vector<bool> mvn_dims(const Context& ctx, size_t rank) {
  std::vector<bool> reduced(rank);
  for (const int64_t axis : ctx.attributes().integers("axes", {0, 2, 3}))
    reduced[ctx.axis(axis, static_cast<int>(rank), "axes")] = true;
  return reduced;
}

}  // namespace

void infer_lp_normalization(InferContext& ctx) {
  ctx.set_output(0, ctx.input(0));
  const int64_t p = ctx.attributes().integer("p", 2);
  ctx.require(p == 1 || p == 2, "p: expected 1 or 2, got {}", p);
  if (ctx.has_rank(0)) ctx.axis(ctx.attributes().integer("axis", -1), ctx.rank(0));
}

void evaluate_lp_normalization(EvalContext& ctx) {
  const ConstTensorView& x = ctx.input(0);
  const TensorView y = ctx.output(0);
  const int axis = ctx.axis(ctx.attributes().integer("axis", -1), x.shape.size());
  const bool absolute = ctx.attributes().integer("p", 2) == 1;
  std::vector<double> data = load_all<double>(x);
  for_each_lane(data, lanes_along(x.shape, axis), [&](std::span<double> lane) {
    double total = 0;
    for (const double v : lane) total += absolute ? std::abs(v) : v * v;
    const double norm = absolute ? total : std::sqrt(total);
    for (double& v : lane) v = norm == 0 ? 0 : v / norm;
  });
  store_all(y, data);
}

void infer_mean_variance_normalization(InferContext& ctx) {
  ctx.set_output(0, ctx.input(0));
  if (ctx.has_rank(0)) mvn_dims(ctx, static_cast<size_t>(ctx.rank(0)));
}

void evaluate_mean_variance_normalization(EvalContext& ctx) {
  const ConstTensorView& x = ctx.input(0);
  const std::vector<bool> reduced = mvn_dims(ctx, x.shape.size());
  const Rows rows = rows_of(x.shape, reduced);
  std::vector<double> data = gather_rows(load_all<double>(x), x.shape, reduced);
  for (int64_t r = 0; r < rows.count && rows.length > 0; ++r) {
    const std::span<double> row(data.data() + r * rows.length, static_cast<size_t>(rows.length));
    const Statistics s = statistics_of(row);
    standardize(row, s.mean, 1 / (std::sqrt(s.variance) + mvn_epsilon));
  }
  store_all(ctx.output(0), scatter_rows(std::move(data), x.shape, reduced));
}

void infer_lrn(InferContext& ctx) {
  ctx.set_output(0, ctx.input(0));
  const int64_t size = ctx.attributes().integer("size");
  ctx.require(size > 0, "size: expected a positive number, got {}", size);
  if (ctx.has_rank(0))
    ctx.require(ctx.rank(0) >= 2, "expected batch and channel dimensions, got {}",
                to_string(ctx.dims(0)));
}

void evaluate_lrn(EvalContext& ctx) {
  const ConstTensorView& x = ctx.input(0);
  const TensorView y = ctx.output(0);
  const int64_t size = ctx.attributes().integer("size");
  const double factor = ctx.attributes().number("alpha", 1e-4) / static_cast<double>(size);
  const double beta = ctx.attributes().number("beta", 0.75);
  const double bias = ctx.attributes().number("bias", 1);
  const Lanes lanes = lanes_along(x.shape, 1);
  const int64_t before = std::min((size - 1) / 2, lanes.length);
  const int64_t after = std::min(size - 1 - (size - 1) / 2, lanes.length);
  std::vector<double> data = load_all<double>(x);
  std::vector<double> squares(static_cast<size_t>(lanes.length));
  for_each_lane(data, lanes, [&](std::span<double> lane) {
    for (size_t i = 0; i < lane.size(); ++i) squares[i] = lane[i] * lane[i];
    for (int64_t c = 0; c < lanes.length; ++c) {
      double total = 0;
      for (int64_t i = std::max<int64_t>(0, c - before); i <= std::min(lanes.length - 1, c + after);
           ++i)
        total += squares[i];
      lane[c] /= std::pow(bias + factor * total, beta);
    }
  });
  store_all(y, data);
}

}  // namespace cermet
