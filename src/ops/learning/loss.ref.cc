#include "ops/learning/loss.ref.h"

#include "ops/reduction/lanes.ref.h"
#include "ops/reduction/softmax.ref.h"

namespace cermet {
namespace {

enum Input : size_t { scores, labels, class_weights };

template <class Context>
std::string reduction_of(const Context& ctx) {
  std::string reduction = ctx.attributes().text("reduction", "mean");
  ctx.require(reduction == "none" || reduction == "mean" || reduction == "sum",
              "reduction: expected none, mean or sum, got '{}'", reduction);
  return reduction;
}

// Losses of all samples, weighted, and the sum of the weights that they count with.
struct Losses {
  std::vector<double> values;
  double total = 0;
  double weight = 0;
};

// log_probabilities: [batch, classes, inner]; targets: [batch, inner].
Losses losses_of(const EvalContext& ctx, const std::vector<double>& log_probabilities,
                 const Lanes& lanes) {
  const std::vector<int64_t> targets = ctx.integers(labels);
  ctx.require(static_cast<int64_t>(targets.size()) == lanes.count(),
              "expected one label for each of {} samples, got {}", lanes.count(), targets.size());
  std::vector<double> weights(static_cast<size_t>(lanes.length), 1.0);
  if (ctx.has_input(class_weights)) {
    weights = load_all<double>(ctx.input(class_weights));
    ctx.require(static_cast<int64_t>(weights.size()) == lanes.length,
                "expected {} class weights, got {}", lanes.length, weights.size());
  }
  const bool ignores = ctx.attributes().has("ignore_index");
  const int64_t ignored = ctx.attributes().integer("ignore_index", 0);
  Losses losses;
  for (int64_t i = 0; i < lanes.count(); ++i) {
    const int64_t target = targets[i];
    double loss = 0;
    if (!ignores || target != ignored) {
      ctx.require(target >= 0 && target < lanes.length, "label {} is not one of {} classes", target,
                  lanes.length);
      const int64_t sample = i / lanes.inner * lanes.length * lanes.inner + i % lanes.inner;
      loss = -log_probabilities[sample + target * lanes.inner] * weights[target];
      losses.weight += weights[target];
    }
    losses.values.push_back(loss);
    losses.total += loss;
  }
  return losses;
}

}  // namespace

void infer_loss(InferContext& ctx) {
  const ElementType type = ctx.element(scores);
  if (ctx.has_rank(scores))
    ctx.require(ctx.rank(scores) >= 2, "expected scores of 2 or more dimensions, got {}",
                to_string(ctx.dims(scores)));
  if (ctx.has_rank(scores) && ctx.has_rank(labels))
    ctx.require(ctx.rank(labels) == ctx.rank(scores) - 1,
                "expected labels of one dimension less than the scores, got {} and {}",
                to_string(ctx.dims(labels)), to_string(ctx.dims(scores)));
  if (reduction_of(ctx) != "none")
    ctx.set_output(0, type, Dims{});
  else
    ctx.set_output(0, ValueType::tensor(type, ctx.input(labels).dims));
  if (ctx.output_count() > 1) ctx.set_output(1, ctx.input(scores));
}

void evaluate_loss(EvalContext& ctx) {
  ctx.inferred(0);  // checks the ranks
  const ConstTensorView& x = ctx.input(scores);
  const Lanes lanes = lanes_along(x.shape, 1);
  std::vector<double> log_probabilities = load_all<double>(x);
  if (ctx.op() == "SoftmaxCrossEntropyLoss")
    for_each_lane(log_probabilities, lanes, log_softmax_row);
  if (ctx.wants_output(0)) {
    const Losses losses = losses_of(ctx, log_probabilities, lanes);
    const std::string reduction = reduction_of(ctx);
    if (reduction == "none")
      store_all(ctx.output(0), losses.values);
    else
      store_element(ctx.output(0), 0,
                    reduction == "sum" ? losses.total : losses.total / losses.weight);
  }
  if (ctx.wants_output(1)) store_all(ctx.output(1), log_probabilities);
}

}  // namespace cermet
