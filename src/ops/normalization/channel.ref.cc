#include "ops/normalization/channel.ref.h"

#include <cmath>

#include "ops/normalization/statistics.ref.h"

namespace cermet {
namespace {

// [batch, channels, inner]; a vector is a batch of one channel.
struct Channels {
  int64_t batch = 1;
  int64_t channels = 1;
  int64_t inner = 1;
};

Channels channels_of(const Shape& shape) {
  Channels c;
  if (!shape.empty()) c.batch = shape[0];
  if (shape.size() > 1) c.channels = shape[1];
  for (size_t d = 2; d < shape.size(); ++d) c.inner *= shape[d];
  return c;
}

std::vector<double> per_channel(const EvalContext& ctx, size_t input, int64_t channels) {
  const ConstTensorView& view = ctx.input(input);
  ctx.require(view.elements() == channels, "input {}: expected {} values, one a channel, got {}",
              input, channels, to_string(view.shape));
  return load_all<double>(view);
}

// y = y * scale + bias by channel
void scale_channels(const EvalContext& ctx, std::vector<double>& y, const Channels& c) {
  const std::vector<double> scale = per_channel(ctx, 1, c.channels);
  const std::vector<double> bias = per_channel(ctx, 2, c.channels);
  for (int64_t row = 0; row < c.batch * c.channels; ++row) {
    const double s = scale[row % c.channels];
    const double b = bias[row % c.channels];
    double* v = y.data() + row * c.inner;
    for (int64_t i = 0; i < c.inner; ++i) v[i] = v[i] * s + b;
  }
}

std::vector<Statistics> statistics_by_channel(const std::vector<double>& x, const Channels& c) {
  std::vector<Statistics> result;
  for (int64_t channel = 0; channel < c.channels; ++channel) {
    std::vector<double> elements;
    for (int64_t b = 0; b < c.batch; ++b) {
      const double* from = x.data() + (b * c.channels + channel) * c.inner;
      elements.insert(elements.end(), from, from + c.inner);
    }
    result.push_back(statistics_of(elements));
  }
  return result;
}

// running = input * momentum + current * (1 - momentum)
void store_running(EvalContext& ctx, size_t output, std::vector<double> running,
                   const std::vector<Statistics>& current, double Statistics::* what) {
  if (!ctx.wants_output(output)) return;
  const double momentum = ctx.attributes().number("momentum", 0.9);
  for (size_t i = 0; i < running.size(); ++i)
    running[i] = running[i] * momentum + current[i].*what * (1 - momentum);
  store_all(ctx.output(output), running);
}

}  // namespace

void infer_batch_normalization(InferContext& ctx) {
  ctx.set_output(0, ctx.input(0));
  for (size_t i = 1; i < ctx.output_count(); ++i) {
    ctx.require(ctx.attributes().integer("training_mode", 0) != 0,
                "the outputs after the first exist in training mode only");
    ctx.set_output(i, ctx.input(i + 2));
  }
}

void evaluate_batch_normalization(EvalContext& ctx) {
  const ConstTensorView& x = ctx.input(0);
  const Channels c = channels_of(x.shape);
  const double epsilon = ctx.attributes().number("epsilon", 1e-5);
  std::vector<double> y = load_all<double>(x);
  const std::vector<double> mean = per_channel(ctx, 3, c.channels);
  const std::vector<double> variance = per_channel(ctx, 4, c.channels);
  std::vector<Statistics> used;
  if (ctx.attributes().integer("training_mode", 0) != 0) {
    used = statistics_by_channel(y, c);
    store_running(ctx, 1, mean, used, &Statistics::mean);
    store_running(ctx, 2, variance, used, &Statistics::variance);
  } else {
    for (size_t i = 0; i < mean.size(); ++i) used.push_back({mean[i], variance[i]});
  }
  for (int64_t row = 0; row < c.batch * c.channels; ++row) {
    const Statistics& s = used[row % c.channels];
    standardize(std::span(y.data() + row * c.inner, static_cast<size_t>(c.inner)), s.mean,
                1 / std::sqrt(s.variance + epsilon));
  }
  scale_channels(ctx, y, c);
  if (ctx.wants_output(0)) store_all(ctx.output(0), y);
}

void infer_group_normalization(InferContext& ctx) {
  ctx.set_output(0, ctx.input(0));
  if (ctx.has_rank(0))
    ctx.require(ctx.rank(0) >= 2, "expected batch and channel dimensions, got {}",
                to_string(ctx.dims(0)));
}

void evaluate_group_normalization(EvalContext& ctx) {
  const ConstTensorView& x = ctx.input(0);
  const Channels c = channels_of(x.shape);
  const bool grouped = ctx.op() == "GroupNormalization";
  const int64_t groups = grouped ? ctx.attributes().integer("num_groups") : c.channels;
  ctx.require(c.channels == 0 || (groups > 0 && c.channels % groups == 0),
              "num_groups: expected a divisor of {} channels, got {}", c.channels, groups);
  const double epsilon = ctx.attributes().number("epsilon", 1e-5);
  std::vector<double> y = load_all<double>(x);
  const int64_t rows = c.batch * groups;
  const int64_t length = rows == 0 ? 0 : static_cast<int64_t>(y.size()) / rows;
  for (int64_t r = 0; r < rows && length > 0; ++r) {
    const std::span<double> row(y.data() + r * length, static_cast<size_t>(length));
    const Statistics s = statistics_of(row);
    standardize(row, s.mean, 1 / std::sqrt(s.variance + epsilon));
  }
  scale_channels(ctx, y, c);
  store_all(ctx.output(0), y);
}

}  // namespace cermet
