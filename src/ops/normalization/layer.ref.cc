#include "ops/normalization/layer.ref.h"

#include <cmath>

#include "ops/normalization/statistics.ref.h"

namespace cermet {
namespace {

ElementType stash_type(const InferContext& ctx) {
  const int64_t type = ctx.attributes().integer("stash_type", 1);
  const bool known = type == static_cast<int64_t>(ElementType::float32) ||
                     type == static_cast<int64_t>(ElementType::bfloat16);
  ctx.require(known, "stash_type: expected 1 (float32) or 16 (bfloat16), got {}", type);
  return static_cast<ElementType>(type);
}

int64_t row_length(const EvalContext& ctx) {
  const Shape& shape = ctx.input(0).shape;
  const int axis = ctx.axis(ctx.attributes().integer("axis", -1), shape.size());
  return element_count(Shape(shape.begin() + axis, shape.end()));
}

// Normalises the rows in place; f(row) does one.
template <class F>
void for_each_row(std::vector<double>& data, int64_t length, F&& f) {
  for (size_t start = 0; start < data.size(); start += static_cast<size_t>(length))
    f(std::span<double>(data.data() + start, static_cast<size_t>(length)));
}

}  // namespace

void infer_layer_normalization(InferContext& ctx) {
  ctx.set_output(0, ctx.input(0));
  const ElementType stash = stash_type(ctx);
  ValueType row = ValueType::tensor(stash, std::nullopt);
  if (ctx.has_rank(0)) {
    const int axis = ctx.axis(ctx.attributes().integer("axis", -1), ctx.rank(0));
    row.dims = ctx.dims(0);
    for (int d = axis; d < ctx.rank(0); ++d) (*row.dims)[d] = 1;
  }
  for (size_t i = 1; i < ctx.output_count(); ++i) ctx.set_output(i, row);
}

void evaluate_layer_normalization(EvalContext& ctx) {
  const ConstTensorView& x = ctx.input(0);
  const double epsilon = ctx.attributes().number("epsilon", 1e-5);
  std::vector<double> y = load_all<double>(x);
  std::vector<double> means;
  std::vector<double> inverses;
  for_each_row(y, row_length(ctx), [&](std::span<double> row) {
    const Statistics s = statistics_of(row);
    const double inverse = 1 / std::sqrt(s.variance + epsilon);
    standardize(row, s.mean, inverse);
    means.push_back(s.mean);
    inverses.push_back(inverse);
  });
  scale_and_shift(ctx, y, x.shape, ctx.input(1), ctx.has_input(2) ? &ctx.input(2) : nullptr);
  if (ctx.wants_output(0)) store_all(ctx.output(0), y);
  // Rows without elements have no statistics to show.
  for (const size_t i : {1, 2}) {
    if (!ctx.wants_output(i)) continue;
    std::vector<double>& values = i == 1 ? means : inverses;
    const TensorView out = ctx.output(i);
    values.resize(static_cast<size_t>(out.elements()), std::nan(""));
    store_all(out, values);
  }
}

void infer_rms_normalization(InferContext& ctx) {
  stash_type(ctx);
  ValueType type = ctx.input(0);
  type.element = ctx.element(1);
  ctx.set_output(0, type);
  if (ctx.has_rank(0)) ctx.axis(ctx.attributes().integer("axis", -1), ctx.rank(0));
}

void evaluate_rms_normalization(EvalContext& ctx) {
  const ConstTensorView& x = ctx.input(0);
  const double epsilon = ctx.attributes().number("epsilon", 1e-5);
  std::vector<double> y = load_all<double>(x);
  for_each_row(y, row_length(ctx), [&](std::span<double> row) {
    double squares = 0;
    for (const double v : row) squares += v * v;
    standardize(row, 0, 1 / std::sqrt(squares / static_cast<double>(row.size()) + epsilon));
  });
  scale_and_shift(ctx, y, x.shape, ctx.input(1), nullptr);
  store_all(ctx.output(0), y);
}

}  // namespace cermet
