#include "ops/learning/linear.ref.h"

#include <algorithm>

#include "ops/learning/class_labels.ref.h"
#include "ops/learning/post_transform.ref.h"

namespace cermet {
namespace {

// x * coefficients' + intercepts, [rows, targets]; coefficients: [targets, features].
std::vector<double> linear_scores(const EvalContext& ctx, int64_t targets) {
  const auto [rows, features] = feature_rows(ctx.input(0).shape);
  const std::vector<double> x = load_all<double>(ctx.input(0));
  const std::vector<double> coefficients = ctx.attributes().numbers("coefficients");
  const std::vector<double> intercepts = ctx.attributes().numbers("intercepts");
  ctx.require(static_cast<int64_t>(coefficients.size()) == targets * features,
              "coefficients: expected {} for {} targets of {} features, got {}", targets * features,
              targets, features, coefficients.size());
  ctx.require(intercepts.empty() || static_cast<int64_t>(intercepts.size()) == targets,
              "intercepts: expected {}, got {}", targets, intercepts.size());
  std::vector<double> scores;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t t = 0; t < targets; ++t) {
      double total = intercepts.empty() ? 0 : intercepts[t];
      for (int64_t f = 0; f < features; ++f)
        total += x[r * features + f] * coefficients[t * features + f];
      scores.push_back(total);
    }
  return scores;
}

void transform_rows(const EvalContext& ctx, std::vector<double>& scores, int64_t columns) {
  const PostTransform transform =
      post_transform_from_name(ctx.attributes().text("post_transform", "NONE"));
  for (size_t start = 0; start < scores.size(); start += static_cast<size_t>(columns))
    transform_scores(transform, std::span(scores.data() + start, static_cast<size_t>(columns)));
}

Dim rows_of_input(InferContext& ctx) {
  if (!ctx.has_rank(0)) return ctx.new_dim("rows");
  ctx.require(ctx.rank(0) == 1 || ctx.rank(0) == 2, "expected 1 or 2 dimensions, got {}",
              to_string(ctx.dims(0)));
  return feature_rows(ctx.dims(0)).first;
}

// One score for two classes is that of the second; the first gets its negative.
std::vector<double> both_classes(const std::vector<double>& scores) {
  std::vector<double> both;
  for (const double s : scores) {
    both.push_back(-s);
    both.push_back(s);
  }
  return both;
}

}  // namespace

void infer_linear_regressor(InferContext& ctx) {
  const int64_t targets = ctx.attributes().integer("targets", 1);
  ctx.require(targets > 0, "targets: expected a positive number, got {}", targets);
  ctx.set_output(0, ElementType::float32, Dims{rows_of_input(ctx), targets});
}

void evaluate_linear_regressor(EvalContext& ctx) {
  const TensorView y = ctx.output(0);
  std::vector<double> scores = linear_scores(ctx, y.shape[1]);
  transform_rows(ctx, scores, y.shape[1]);
  store_all(y, scores);
}

void infer_linear_classifier(InferContext& ctx) {
  const ClassLabels labels = ClassLabels::of(ctx.attributes(), "classlabels_ints");
  const Dim rows = rows_of_input(ctx);
  ctx.set_output(0, labels.type(), Dims{rows});
  if (ctx.output_count() > 1)
    ctx.set_output(1, ElementType::float32, Dims{rows, static_cast<int64_t>(labels.size())});
}

void evaluate_linear_classifier(EvalContext& ctx) {
  ctx.inferred(0);  // checks the rank
  const ClassLabels labels = ClassLabels::of(ctx.attributes(), "classlabels_ints");
  const int64_t classes = static_cast<int64_t>(labels.size());
  ctx.require(classes > 1, "a classifier of one class is not supported");
  const int64_t features = std::max<int64_t>(1, feature_rows(ctx.input(0).shape).second);
  const size_t coefficients = ctx.attributes().numbers("coefficients").size();
  const bool single = classes == 2 && static_cast<int64_t>(coefficients) == features;
  std::vector<double> scores = linear_scores(ctx, single ? 1 : classes);
  if (single) scores = both_classes(scores);
  transform_rows(ctx, scores, classes);
  std::vector<int64_t> best;
  for (auto row = scores.begin(); row != scores.end(); row += classes)
    best.push_back(std::max_element(row, row + classes) - row);
  if (ctx.wants_output(0)) labels.store(ctx.output(0), best);
  if (ctx.wants_output(1)) store_all(ctx.output(1), scores);
}

}  // namespace cermet
