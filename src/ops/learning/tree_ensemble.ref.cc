#include "ops/learning/tree_ensemble.ref.h"

#include <algorithm>
#include <array>
#include <limits>

#include "ops/learning/class_labels.ref.h"
#include "ops/learning/forest.ref.h"
#include "ops/learning/post_transform.ref.h"

namespace cermet {
namespace {

enum class Aggregate : int { average, sum, min, max };

Aggregate aggregate_named(std::string_view name) {
  constexpr std::array<std::string_view, 4> names{"AVERAGE", "SUM", "MIN", "MAX"};
  const auto found = std::find(names.begin(), names.end(), name);
  require(found != names.end(), ErrorCode::invalid_model,
          "aggregate_function: expected AVERAGE, SUM, MIN or MAX, got '{}'", name);
  return static_cast<Aggregate>(found - names.begin());
}

// The votes of all trees for one row, by target; targets without a vote get 0.
std::vector<double> vote(const Forest& forest, std::span<const double> row, int64_t targets,
                         Aggregate aggregate) {
  std::vector<double> scores(static_cast<size_t>(targets));
  std::vector<bool> voted(scores.size());
  for (const int64_t root : forest.roots)
    for (const auto& [target, weight] : forest.walk(root, row)) {
      double& score = scores[target];
      if (aggregate == Aggregate::min && voted[target])
        score = std::min(score, weight);
      else if (aggregate == Aggregate::max && voted[target])
        score = std::max(score, weight);
      else
        score += weight;
      voted[target] = true;
    }
  if (aggregate == Aggregate::average)
    for (double& score : scores) score /= static_cast<double>(forest.roots.size());
  return scores;
}

// Scores of all rows, base values added.
std::vector<double> all_votes(const EvalContext& ctx, const Forest& forest, int64_t targets,
                              Aggregate aggregate) {
  const auto [rows, features] = feature_rows(ctx.input(0).shape);
  ctx.require(forest.features <= features, "the trees read feature {}, the input has {}",
              forest.features - 1, features);
  const std::vector<double> base = numbers_or_tensor(ctx.attributes(), "base_values");
  ctx.require(base.empty() || static_cast<int64_t>(base.size()) == targets || base.size() == 1,
              "base_values: expected {}, got {}", targets, base.size());
  const std::vector<double> x = load_all<double>(ctx.input(0));
  std::vector<double> scores;
  for (int64_t r = 0; r < rows; ++r) {
    const std::span<const double> row(x.data() + r * features, static_cast<size_t>(features));
    std::vector<double> votes = vote(forest, row, targets, aggregate);
    for (size_t t = 0; t < votes.size() && !base.empty(); ++t)
      votes[t] += base[base.size() == 1 ? 0 : t];
    scores.insert(scores.end(), votes.begin(), votes.end());
  }
  return scores;
}

void transform_rows(std::vector<double>& scores, int64_t columns, PostTransform transform) {
  for (size_t start = 0; start < scores.size(); start += static_cast<size_t>(columns))
    transform_scores(transform, std::span(scores.data() + start, static_cast<size_t>(columns)));
}

Dim rows_of_input(InferContext& ctx) {
  if (!ctx.has_rank(0)) return ctx.new_dim("rows");
  ctx.require(ctx.rank(0) == 1 || ctx.rank(0) == 2, "expected 1 or 2 dimensions, got {}",
              to_string(ctx.dims(0)));
  return feature_rows(ctx.dims(0)).first;
}

// Two classes of which only one gets votes. Without negative weights the votes are a probability,
// otherwise they lie on either side of 0. Votes for the first class stand for the second, and the
// first's score is their complement; votes for the second leave the first's at 0.
struct BinaryScores {
  std::vector<double> scores;  // [rows, 2]
  std::vector<int64_t> best;
};

BinaryScores binary_scores(const std::vector<double>& votes, bool complement, const Forest& forest,
                           PostTransform transform) {
  bool positive = true;
  for (const Forest::Leaf& leaf : forest.leaves)
    for (const auto& [target, weight] : leaf) positive &= weight >= 0;
  BinaryScores result;
  for (const double s : votes) {
    // Weights are float32, and so is a sum that meets the threshold.
    result.best.push_back(static_cast<float>(s) > (positive ? 0.5f : 0.0f) ? 1 : 0);
    std::array<double, 2> row{0, s};
    if (!complement)
      transform_scores(transform, row);
    else if (transform == PostTransform::logistic)
      row = {logistic(-s), logistic(s)};
    else
      row[0] = positive ? 1 - s : -s;
    result.scores.insert(result.scores.end(), row.begin(), row.end());
  }
  return result;
}

int64_t voted_classes(const std::vector<int64_t>& ids) {
  return static_cast<int64_t>(std::set<int64_t>(ids.begin(), ids.end()).size());
}

}  // namespace

void infer_tree_regression(InferContext& ctx) {
  const int64_t targets = ctx.attributes().integer("n_targets", 1);
  ctx.require(targets > 0, "n_targets: expected a positive number, got {}", targets);
  const ElementType type = ctx.op() == "TreeEnsemble" ? ctx.element(0) : ElementType::float32;
  ctx.set_output(0, type, Dims{rows_of_input(ctx), targets});
}

void evaluate_tree_ensemble(EvalContext& ctx) {
  const TensorView y = ctx.output(0);
  const int64_t aggregate = ctx.attributes().integer("aggregate_function", 1);
  ctx.require(aggregate >= 0 && aggregate <= 3, "aggregate_function: expected 0 to 3, got {}",
              aggregate);
  const Forest forest = Forest::from_ensemble(ctx.attributes(), y.shape[1]);
  std::vector<double> scores =
      all_votes(ctx, forest, y.shape[1], static_cast<Aggregate>(aggregate));
  transform_rows(scores, y.shape[1],
                 post_transform_from_number(ctx.attributes().integer("post_transform", 0)));
  store_all(y, scores);
}

void evaluate_tree_regressor(EvalContext& ctx) {
  const TensorView y = ctx.output(0);
  const Forest forest = Forest::from_nodes(ctx.attributes(), "target", y.shape[1]);
  std::vector<double> scores = all_votes(
      ctx, forest, y.shape[1], aggregate_named(ctx.attributes().text("aggregate_function", "SUM")));
  transform_rows(scores, y.shape[1],
                 post_transform_from_name(ctx.attributes().text("post_transform", "NONE")));
  store_all(y, scores);
}

void infer_tree_classifier(InferContext& ctx) {
  const ClassLabels labels = ClassLabels::of(ctx.attributes(), "classlabels_int64s");
  const Dim rows = rows_of_input(ctx);
  ctx.set_output(0, labels.type(), Dims{rows});
  if (ctx.output_count() > 1)
    ctx.set_output(1, ElementType::float32, Dims{rows, static_cast<int64_t>(labels.size())});
}

void evaluate_tree_classifier(EvalContext& ctx) {
  ctx.inferred(0);  // checks the rank
  const ClassLabels labels = ClassLabels::of(ctx.attributes(), "classlabels_int64s");
  const int64_t classes = static_cast<int64_t>(labels.size());
  ctx.require(classes > 1, "a classifier of one class is not supported");
  const PostTransform transform =
      post_transform_from_name(ctx.attributes().text("post_transform", "NONE"));
  const std::vector<int64_t> ids = ctx.attributes().integers("class_ids", {});
  const Forest forest = Forest::from_nodes(ctx.attributes(), "class", classes);
  std::vector<double> scores = all_votes(ctx, forest, classes, Aggregate::sum);
  std::vector<int64_t> best;
  if (classes == 2 && voted_classes(ids) == 1) {
    std::vector<double> votes;
    for (size_t i = static_cast<size_t>(ids[0]); i < scores.size(); i += 2)
      votes.push_back(scores[i]);
    BinaryScores both = binary_scores(votes, ids[0] == 0, forest, transform);
    scores = std::move(both.scores);
    best = std::move(both.best);
  } else {
    for (auto row = scores.begin(); row != scores.end(); row += classes)
      best.push_back(std::max_element(row, row + classes) - row);
    transform_rows(scores, classes, transform);
  }
  if (ctx.wants_output(0)) labels.store(ctx.output(0), best);
  if (ctx.wants_output(1)) store_all(ctx.output(1), scores);
}

}  // namespace cermet
