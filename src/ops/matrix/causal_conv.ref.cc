#include "ops/matrix/causal_conv.ref.h"

#include <algorithm>
#include <cmath>

namespace cermet {
namespace {

enum Input : size_t { data, weight, bias, past_state };

// One channel with its past in front of it.
std::vector<double> padded_channel(const std::vector<double>& past, const std::vector<double>& x,
                                   int64_t channel, int64_t before, int64_t length) {
  std::vector<double> padded(static_cast<size_t>(before + length));
  if (!past.empty()) std::copy_n(past.data() + channel * before, before, padded.begin());
  std::copy_n(x.data() + channel * length, length, padded.begin() + before);
  return padded;
}

void check_shapes(const EvalContext& ctx) {
  const Shape& x = ctx.input(data).shape;
  const Shape& w = ctx.input(weight).shape;
  ctx.require(w[0] == x[1] && w[1] == 1 && w[2] > 0, "weight: expected shape [{}, 1, k], got {}",
              x[1], to_string(w));
  if (ctx.has_input(bias))
    ctx.require(ctx.input(bias).shape == Shape{x[1]}, "bias: expected shape [{}], got {}", x[1],
                to_string(ctx.input(bias).shape));
  if (ctx.has_input(past_state))
    ctx.require(ctx.input(past_state).shape == Shape{x[0], x[1], w[2] - 1},
                "past_state: expected shape {}, got {}", to_string(Shape{x[0], x[1], w[2] - 1}),
                to_string(ctx.input(past_state).shape));
}

}  // namespace

void infer_causal_conv(InferContext& ctx) {
  const std::string activation = ctx.attributes().text("activation", "none");
  ctx.require(activation == "none" || activation == "silu" || activation == "swish",
              "activation: expected none, silu or swish, got '{}'", activation);
  for (const size_t i : {data, weight})
    if (ctx.has_rank(i))
      ctx.require(ctx.rank(i) == 3, "expected 3 dimensions, got {}", to_string(ctx.dims(i)));
  ctx.set_output(0, ctx.input(data));
  if (ctx.output_count() < 2) return;
  if (!ctx.has_rank(data) || !ctx.has_rank(weight))
    return ctx.set_output_rank(1, ctx.element(data), 3);
  const Dims& x = ctx.dims(data);
  ctx.set_output(1, ctx.element(data), Dims{x[0], x[1], ctx.dims(weight)[2] - 1});
}

void evaluate_causal_conv(EvalContext& ctx) {
  ctx.inferred(0);  // checks ranks and the activation
  check_shapes(ctx);
  const Shape& shape = ctx.input(data).shape;
  const int64_t taps = ctx.input(weight).shape[2];
  const int64_t length = shape[2];
  const std::vector<double> x = load_all<double>(ctx.input(data));
  const std::vector<double> w = load_all<double>(ctx.input(weight));
  const std::vector<double> b = ctx.has_input(bias)
                                    ? load_all<double>(ctx.input(bias))
                                    : std::vector<double>(static_cast<size_t>(shape[1]));
  const std::vector<double> past =
      ctx.has_input(past_state) ? load_all<double>(ctx.input(past_state)) : std::vector<double>{};
  const bool silu = ctx.attributes().text("activation", "none") != "none";

  std::vector<double> y;
  std::vector<double> state;
  for (int64_t channel = 0; channel < shape[0] * shape[1]; ++channel) {
    const std::vector<double> padded = padded_channel(past, x, channel, taps - 1, length);
    const double* kernel = w.data() + channel % shape[1] * taps;
    for (int64_t i = 0; i < length; ++i) {
      double total = b[channel % shape[1]];
      for (int64_t t = 0; t < taps; ++t) total += kernel[t] * padded[i + t];
      y.push_back(silu ? total / (1 + std::exp(-total)) : total);
    }
    state.insert(state.end(), padded.begin() + length, padded.end());
  }
  if (ctx.wants_output(0)) store_all(ctx.output(0), y);
  if (ctx.wants_output(1)) store_all(ctx.output(1), state);
}

}  // namespace cermet
