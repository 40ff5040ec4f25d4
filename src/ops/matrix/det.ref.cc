#include "ops/matrix/det.ref.h"

#include <cmath>

namespace cermet {
namespace {

// Gaussian elimination with row pivoting, in place.
double determinant(double* m, int64_t n) {
  double result = 1;
  for (int64_t column = 0; column < n; ++column) {
    int64_t pivot = column;
    for (int64_t r = column + 1; r < n; ++r)
      if (std::abs(m[r * n + column]) > std::abs(m[pivot * n + column])) pivot = r;
    if (m[pivot * n + column] == 0) return 0;
    if (pivot != column) {
      for (int64_t c = 0; c < n; ++c) std::swap(m[pivot * n + c], m[column * n + c]);
      result = -result;
    }
    const double head = m[column * n + column];
    result *= head;
    for (int64_t r = column + 1; r < n; ++r) {
      const double factor = m[r * n + column] / head;
      for (int64_t c = column; c < n; ++c) m[r * n + c] -= factor * m[column * n + c];
    }
  }
  return result;
}

}  // namespace

void infer_det(InferContext& ctx) {
  if (!ctx.has_rank(0)) return ctx.set_output_rank_unknown(0, ctx.element(0));
  const Dims& dims = ctx.dims(0);
  ctx.require(dims.size() >= 2, "expected square matrices, got {}", to_string(dims));
  const Dim& rows = dims[dims.size() - 2];
  if (rows.is_constant() && dims.back().is_constant())
    ctx.require(rows == dims.back(), "expected square matrices, got {}", to_string(dims));
  ctx.set_output(0, ctx.element(0), Dims(dims.begin(), dims.end() - 2));
}

void evaluate_det(EvalContext& ctx) {
  const TensorView y = ctx.output(0);
  const int64_t n = ctx.input(0).shape.back();
  std::vector<double> data = load_all<double>(ctx.input(0));
  std::vector<double> result;
  for (int64_t i = 0; i < y.elements(); ++i)
    result.push_back(determinant(data.data() + i * n * n, n));
  store_all(y, result);
}

}  // namespace cermet
