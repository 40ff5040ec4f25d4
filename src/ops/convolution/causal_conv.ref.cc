// CausalConvWithState: depthwise convolution along time that carries its last inputs over.
#include <cmath>

#include "base/scalar.h"
#include "ops/convolution/conv_shapes.ref.h"
#include "ops/convolution/convolution.ref.h"

namespace cermet {
namespace {

bool has_silu(const Attributes& attributes) {
  const std::string activation = attributes.text("activation", "none");
  require(activation == "none" || activation == "silu" || activation == "swish",
          ErrorCode::invalid_model,
          "attribute activation: expected none, silu or swish, got \"{}\"", activation);
  return activation != "none";
}

}  // namespace

void infer_causal_conv(InferContext& context) {
  has_silu(context.attributes());
  const ElementType element = context.element(0);
  for (const size_t i : {size_t{0}, size_t{1}})
    if (context.has_rank(i))
      context.require(context.rank(i) == 3, "input {}: expected 3 dimensions, got {}", i,
                      context.input(i).to_string());
  if (context.has_rank(0))
    context.set_output(0, context.input(0));
  else
    context.set_output_rank(0, element, 3);
  if (context.has_rank(0) && context.has_rank(1)) {
    const Dims& x = context.dims(0);
    const Dims& w = context.dims(1);
    context.require(may_equal(x[1], w[0]) && may_equal(w[1], 1) &&
                        (!w[2].is_constant() || w[2].constant() >= 1),
                    "weight: expected [{}, 1, k], got {}", x[1].to_string(),
                    context.input(1).to_string());
    return context.set_output(1, element, {x[0], x[1], w[2] - 1});
  }
  context.set_output_rank(1, element, 3);
}

void evaluate_causal_conv(EvalContext& context) {
  const bool silu = has_silu(context.attributes());
  const Shape shape = context.input(0).shape;
  const int64_t channels = shape[1];
  const int64_t length = shape[2];
  const int64_t taps = context.input(1).shape[2];
  const int64_t kept = taps - 1;
  const std::vector<double> x = load_all<double>(context.input(0));
  const std::vector<double> w = load_all<double>(context.input(1));
  const std::vector<double> bias = load_or_zeros(context, 2, channels);
  const std::vector<double> past = load_or_zeros(context, 3, shape[0] * channels * kept);
  std::vector<double> y(x.size());
  std::vector<double> present(past.size());
  std::vector<double> line(static_cast<size_t>(kept + length));
  for (int64_t row = 0; row < shape[0] * channels; ++row) {
    const int64_t c = row % channels;
    std::copy_n(past.begin() + row * kept, kept, line.begin());
    std::copy_n(x.begin() + row * length, length, line.begin() + kept);
    for (int64_t t = 0; t < length; ++t) {
      double sum = bias[c];
      for (int64_t k = 0; k < taps; ++k) sum += w[c * taps + k] * line[t + k];
      y[row * length + t] = silu ? sum / (1 + std::exp(-sum)) : sum;
    }
    std::copy_n(line.begin() + length, kept, present.begin() + row * kept);
  }
  store_all(context.output(0), y);
  if (context.output_count() > 1 && context.wants_output(1)) store_all(context.output(1), present);
}

}  // namespace cermet
