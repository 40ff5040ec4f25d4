#include "ops/learning/features.ref.h"

#include <algorithm>
#include <cmath>

#include "ops/reduction/lanes.ref.h"

namespace cermet {
namespace {

// The value for column `i` of a list that has one for all or one for each.
double per_column(const EvalContext& ctx, const std::vector<double>& values, int64_t i,
                  std::string_view what) {
  if (values.size() == 1) return values[0];
  ctx.require(i < static_cast<int64_t>(values.size()), "{}: no value for feature {}", what, i);
  return values[i];
}

int64_t columns_of(const Shape& shape) { return shape.empty() ? 1 : shape.back(); }

}  // namespace

void infer_array_feature_extractor(InferContext& ctx) {
  const bool known = ctx.has_rank(0) && ctx.has_rank(1);
  if (!known) return ctx.set_output_rank_unknown(0, ctx.element(0));
  ctx.require(ctx.rank(0) > 0, "expected an input of rank 1 or more, got a scalar");
  Dims dims(ctx.dims(0).begin(), ctx.dims(0).end() - 1);
  if (dims.empty()) dims.emplace_back(1);
  dims.push_back(product(ctx.dims(1)));
  ctx.set_output(0, ctx.element(0), std::move(dims));
}

void evaluate_array_feature_extractor(EvalContext& ctx) {
  const ConstTensorView& x = ctx.input(0);
  const TensorView y = ctx.output(0);
  const std::vector<int64_t> indices = ctx.integers(1);
  const int64_t width = x.shape.back();
  for (const int64_t index : indices)
    ctx.require(index >= 0 && index < width, "index {} is not below the {} features", index, width);
  const int64_t rows = width == 0 ? 0 : x.elements() / width;
  int64_t to = 0;
  for (int64_t row = 0; row < rows; ++row)
    for (const int64_t index : indices) copy_elements(x, row * width + index, y, to++, 1);
}

void evaluate_binarizer(EvalContext& ctx) {
  const double threshold = ctx.attributes().number("threshold", 0);
  std::vector<double> data = load_all<double>(ctx.input(0));
  for (double& v : data) v = v > threshold ? 1 : 0;
  store_all(ctx.output(0), data);
}

void infer_to_float(InferContext& ctx) {
  ctx.set_output(0, ValueType::tensor(ElementType::float32, ctx.input(0).dims));
}

void evaluate_scaler(EvalContext& ctx) {
  const ConstTensorView& x = ctx.input(0);
  const std::vector<double> offsets = ctx.attributes().numbers("offset", {0});
  const std::vector<double> scales = ctx.attributes().numbers("scale", {1});
  const int64_t columns = columns_of(x.shape);
  std::vector<double> data = load_all<double>(x);
  for (size_t i = 0; i < data.size(); ++i) {
    const int64_t column = static_cast<int64_t>(i) % columns;
    data[i] = (data[i] - per_column(ctx, offsets, column, "offset")) *
              per_column(ctx, scales, column, "scale");
  }
  store_all(ctx.output(0), data);
}

void evaluate_normalizer(EvalContext& ctx) {
  const ConstTensorView& x = ctx.input(0);
  const std::string norm = ctx.attributes().text("norm", "MAX");
  ctx.require(norm == "MAX" || norm == "L1" || norm == "L2",
              "norm: expected MAX, L1 or L2, got '{}'", norm);
  std::vector<double> data = load_all<double>(x);
  Lanes rows;
  rows.length = columns_of(x.shape);
  rows.outer = rows.length == 0 ? 0 : x.elements() / rows.length;
  for_each_lane(data, rows, [&](std::span<double> row) {
    double divisor = norm == "MAX" && !row.empty() ? row[0] : 0;
    for (const double v : row) {
      if (norm == "MAX") divisor = std::max(divisor, v);
      if (norm == "L1") divisor += std::abs(v);
      if (norm == "L2") divisor += v * v;
    }
    if (norm == "L2") divisor = std::sqrt(divisor);
    if (divisor == 0) return;
    for (double& v : row) v /= divisor;
  });
  store_all(ctx.output(0), data);
}

void evaluate_imputer(EvalContext& ctx) {
  const ConstTensorView& x = ctx.input(0);
  const Attributes& a = ctx.attributes();
  const bool floats = a.has("imputed_value_floats");
  std::vector<double> values = a.numbers("imputed_value_floats");
  double replaced = a.number("replaced_value_float", 0);
  if (!floats) {
    const std::vector<int64_t> integers = a.integers("imputed_value_int64s");
    values.assign(integers.begin(), integers.end());
    replaced = static_cast<double>(a.integer("replaced_value_int64", 0));
  }
  ctx.require(!values.empty(), "no imputed values are given");
  const int64_t columns = columns_of(x.shape);
  std::vector<double> data = load_all<double>(x);
  for (size_t i = 0; i < data.size(); ++i) {
    const bool hit = data[i] == replaced || (std::isnan(replaced) && std::isnan(data[i]));
    if (hit) data[i] = per_column(ctx, values, static_cast<int64_t>(i) % columns, "imputed_value");
  }
  store_all(ctx.output(0), data);
}

void infer_one_hot_encoder(InferContext& ctx) {
  const size_t categories = std::max(ctx.attributes().integers("cats_int64s", {}).size(),
                                     ctx.attributes().texts("cats_strings").size());
  ctx.require(categories > 0, "no categories are given");
  ValueType type = ValueType::tensor(ElementType::float32, ctx.input(0).dims);
  if (type.dims) type.dims->emplace_back(static_cast<int64_t>(categories));
  ctx.set_output(0, std::move(type));
}

void evaluate_one_hot_encoder(EvalContext& ctx) {
  const ConstTensorView& x = ctx.input(0);
  const std::vector<int64_t> numbers = ctx.attributes().integers("cats_int64s", {});
  const std::vector<std::string> texts = ctx.attributes().texts("cats_strings");
  const bool strings = x.type == ElementType::string;
  const size_t count = strings ? texts.size() : numbers.size();
  ctx.require(count > 0, "no categories for elements of type {}", name(x.type));
  const bool zeros = ctx.attributes().integer("zeros", 1) != 0;
  const TensorView y = ctx.output(0);
  std::vector<double> result(static_cast<size_t>(y.elements()));
  for (int64_t i = 0; i < x.elements(); ++i) {
    const size_t found =
        strings ? static_cast<size_t>(
                      std::find(texts.begin(), texts.end(), x.as<std::string>()[i]) - texts.begin())
                : static_cast<size_t>(
                      std::find(numbers.begin(), numbers.end(), load_element<int64_t>(x, i)) -
                      numbers.begin());
    ctx.require(zeros || found < count, "element {} is none of the categories", i);
    if (found < count) result[i * count + found] = 1;
  }
  store_all(y, result);
}

void infer_feature_vectorizer(InferContext& ctx) {
  const std::vector<int64_t> widths = ctx.attributes().integers("inputdimensions");
  ctx.require(widths.size() == ctx.input_count() && !widths.empty(),
              "inputdimensions: expected one size for each of {} inputs, got {}", ctx.input_count(),
              widths.size());
  Dim total = 0;
  for (const int64_t width : widths) {
    ctx.require(width >= 0, "inputdimensions: expected sizes, got {}", width);
    total = total + width;
  }
  Dim rows = ctx.has_rank(0) ? Dim(1) : ctx.new_dim("rows");
  if (ctx.has_rank(0) && ctx.rank(0) == 2) rows = ctx.dims(0)[0];
  ctx.set_output(0, ElementType::float32, Dims{rows, total});
}

void evaluate_feature_vectorizer(EvalContext& ctx) {
  const std::vector<int64_t> widths = ctx.attributes().integers("inputdimensions");
  const TensorView y = ctx.output(0);
  std::vector<double> result(static_cast<size_t>(y.elements()));
  int64_t column = 0;
  for (size_t i = 0; i < widths.size(); ++i) {
    const ConstTensorView& x = ctx.input(i);
    const int64_t rows = x.shape.size() == 2 ? x.shape[0] : 1;
    ctx.require(x.shape.size() <= 2 && rows == y.shape[0],
                "input {} of shape {} does not have {} rows", i, to_string(x.shape), y.shape[0]);
    const int64_t width = columns_of(x.shape);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < std::min(width, widths[i]); ++c)
        result[r * y.shape[1] + column + c] = load_element<double>(x, r * width + c);
    column += widths[i];
  }
  store_all(y, result);
}

}  // namespace cermet
