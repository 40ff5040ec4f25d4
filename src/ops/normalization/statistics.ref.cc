#include "ops/normalization/statistics.ref.h"

#include <algorithm>

namespace cermet {
namespace {

// Calls f(element of y, element of the operand) for all elements of y.
template <class F>
void combine(const EvalContext& ctx, std::vector<double>& y, const Shape& shape,
             const ConstTensorView& operand, F&& f) {
  const Shape& s = operand.shape;
  const bool fits =
      s.size() <= shape.size() && std::equal(s.rbegin(), s.rend(), shape.rbegin(),
                                             [](int64_t a, int64_t b) { return a == 1 || a == b; });
  ctx.require(fits, "scale and bias: shape {} does not broadcast to {}", to_string(s),
              to_string(shape));
  const std::vector<double> data = load_all<double>(operand);
  if (std::equal(s.rbegin(), s.rend(), shape.rbegin())) {
    for (size_t start = 0; start < y.size(); start += data.size())
      for (size_t i = 0; i < data.size(); ++i) f(y[start + i], data[i]);
    return;
  }
  const std::vector<int64_t> strides = broadcast_strides(s, shape);
  for_each_index(shape, [&](const std::vector<int64_t>& index, int64_t number) {
    int64_t offset = 0;
    for (size_t d = 0; d < index.size(); ++d) offset += index[d] * strides[d];
    f(y[number], data[offset]);
  });
}

}  // namespace

Statistics statistics_of(std::span<const double> row) {
  double total = 0;
  for (const double v : row) total += v;
  const double count = static_cast<double>(row.size());
  const double mean = total / count;
  double squares = 0;
  for (const double v : row) squares += (v - mean) * (v - mean);
  return {mean, squares / count};
}

void standardize(std::span<double> row, double mean, double factor) {
  for (double& v : row) v = (v - mean) * factor;
}

void scale_and_shift(const EvalContext& ctx, std::vector<double>& y, const Shape& shape,
                     const ConstTensorView& scale, const ConstTensorView* bias) {
  combine(ctx, y, shape, scale, [](double& v, double s) { v *= s; });
  if (bias != nullptr) combine(ctx, y, shape, *bias, [](double& v, double b) { v += b; });
}

}  // namespace cermet
