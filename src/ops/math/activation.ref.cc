// Functions of one number with parameters, and PRelu, whose slope is a tensor.
#include <cmath>
#include <numbers>

#include "ops/math/elementwise.ref.h"
#include "ops/math/groups.ref.h"

namespace cermet {
namespace {

// Attributes are float32 in a model, so the defaults that ONNX names are those float32 numbers.
double parameter(const EvalContext& context, std::string_view name, float otherwise) {
  return context.attributes().number(name, otherwise);
}

// Keeps NaN.
double clamp(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

void celu(EvalContext& context) {
  const double alpha = parameter(context, "alpha", 1.0f);
  map_double(context, [&](double x) { return x > 0 ? x : alpha * std::expm1(x / alpha); });
}

void elu(EvalContext& context) {
  const double alpha = parameter(context, "alpha", 1.0f);
  map_double(context, [&](double x) { return x < 0 ? alpha * std::expm1(x) : x; });
}

void selu(EvalContext& context) {
  const double alpha = parameter(context, "alpha", 1.67326319217681884765625f);
  const double gamma = parameter(context, "gamma", 1.05070102214813232421875f);
  map_double(context, [&](double x) { return gamma * (x > 0 ? x : alpha * std::expm1(x)); });
}

bool is_tanh(const Attributes& attributes) {
  return attributes.text("approximate", "none") == "tanh";
}

void infer_gelu(InferContext& context) {
  const std::string kind = context.attributes().text("approximate", "none");
  context.require(kind == "none" || kind == "tanh",
                  "approximate: expected \"none\" or \"tanh\", got \"{}\"", kind);
  infer_float(context);
}

void gelu(EvalContext& context) {
  if (is_tanh(context.attributes())) {
    const double factor = std::sqrt(2 / std::numbers::pi);
    return map_double(context, [&](double x) {
      return 0.5 * x * (1 + std::tanh(factor * (x + 0.044715 * x * x * x)));
    });
  }
  map_double(context, [](double x) { return 0.5 * x * std::erfc(-x / std::numbers::sqrt2); });
}

void hard_sigmoid(EvalContext& context) {
  const double alpha = parameter(context, "alpha", 0.2f);
  const double beta = parameter(context, "beta", 0.5f);
  map_double(context, [&](double x) { return clamp(alpha * x + beta, 0, 1); });
}

void hard_swish(EvalContext& context) {
  map_double(context, [](double x) { return x * clamp(x / 6 + 0.5, 0, 1); });
}

void leaky_relu(EvalContext& context) {
  const double alpha = parameter(context, "alpha", 0.01f);
  map_double(context, [&](double x) { return x < 0 ? alpha * x : x; });
}

void relu(EvalContext& context) {
  map_real(context, [](auto x) { return x < decltype(x){0} ? decltype(x){0} : x; });
}

void shrink(EvalContext& context) {
  const double bias = parameter(context, "bias", 0.0f);
  const double lambda = parameter(context, "lambd", 0.5f);
  map_double(context, [&](double x) {
    return x < -lambda ? x + bias : x > lambda ? x - bias : x == x ? 0.0 : x;
  });
}

void swish(EvalContext& context) {
  const double alpha = parameter(context, "alpha", 1.0f);
  map_double(context, [&](double x) { return x / (1 + std::exp(-alpha * x)); });
}

void thresholded_relu(EvalContext& context) {
  const double alpha = parameter(context, "alpha", 1.0f);
  map_double(context, [&](double x) { return x > alpha || x != x ? x : 0; });
}

// The slope broadcasts to the input, never the other way round.
void infer_prelu(InferContext& context) {
  infer_number(context);
  require_same_elements(context, 0, 1);
  if (!context.has_rank(0) || !context.has_rank(1)) return;
  context.require(context.rank(1) <= context.rank(0),
                  "slope: expected at most the {} dimensions of the input, got {}", context.rank(0),
                  context.input(1).to_string());
  for (int d = 1; d <= context.rank(1); ++d) {
    const Dim& slope = context.dims(1)[context.rank(1) - d];
    const Dim& size = context.dims(0)[context.rank(0) - d];
    context.require(
        !slope.is_constant() || !size.is_constant() || slope.is_constant(1) || slope == size,
        "slope: expected a shape that broadcasts to {}, got {}", context.input(0).to_string(),
        context.input(1).to_string());
  }
}

void prelu(EvalContext& context) {
  combine_real(context,
               []<class T>(T x, T slope) { return x < T{0} ? static_cast<T>(x * slope) : x; });
}

constexpr Operator operators[] = {
    {"Celu", infer_float, celu},
    {"Elu", infer_float, elu},
    {"Gelu", infer_gelu, gelu},
    {"HardSigmoid", infer_float, hard_sigmoid},
    {"HardSwish", infer_float, hard_swish},
    {"LeakyRelu", infer_float, leaky_relu},
    {"PRelu", infer_prelu, prelu},
    {"Relu", infer_number, relu},
    {"Selu", infer_float, selu},
    {"Shrink", infer_number, shrink},
    {"Swish", infer_float, swish},
    {"ThresholdedRelu", infer_float, thresholded_relu},
};

}  // namespace

std::span<const Operator> activation_operators() { return operators; }

}  // namespace cermet
