#include "ops/recurrent/recurrent.attrs.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/error.h"

namespace cermet {
namespace {

struct KnownActivation {
  const char* name;
  double (*function)(double x, double alpha, double beta);
  bool has_alpha = false;
  bool has_beta = false;
  double alpha = 0;
  double beta = 0;
};

double sigmoid(double x, double, double) { return 1 / (1 + std::exp(-x)); }
double hyperbolic(double x, double, double) { return std::tanh(x); }
double relu(double x, double, double) { return x > 0 ? x : 0; }
double affine(double x, double a, double b) { return a * x + b; }
double leaky_relu(double x, double a, double) { return x >= 0 ? x : a * x; }
double thresholded_relu(double x, double a, double) { return x >= a ? x : 0; }
double scaled_tanh(double x, double a, double b) { return a * std::tanh(b * x); }
double hard_sigmoid(double x, double a, double b) { return std::clamp(a * x + b, 0.0, 1.0); }
double elu(double x, double a, double) { return x >= 0 ? x : a * std::expm1(x); }
double softsign(double x, double, double) { return x / (1 + std::abs(x)); }
double softplus(double x, double, double) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

constexpr KnownActivation known_activations[] = {
    {"Sigmoid", sigmoid},
    {"Tanh", hyperbolic},
    {"Relu", relu},
    {"Affine", affine, true, true, 1, 0},
    {"LeakyRelu", leaky_relu, true, false, 0.01},
    {"ThresholdedRelu", thresholded_relu, true, false, 1},
    {"ScaledTanh", scaled_tanh, true, true, 1, 1},
    {"HardSigmoid", hard_sigmoid, true, true, 0.2, 0.5},
    {"Elu", elu, true, false, 1},
    {"Softsign", softsign},
    {"Softplus", softplus},
};

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

const KnownActivation& find_activation(std::string_view name) {
  for (const KnownActivation& known : known_activations)
    if (same_word(known.name, name)) return known;
  fail(ErrorCode::unsupported, "attribute activations: there is no activation \"{}\"", name);
}

std::vector<std::string> default_activations(RecurrentCell cell, size_t directions) {
  const std::vector<std::string> one =
      cell == RecurrentCell::lstm  ? std::vector<std::string>{"Sigmoid", "Tanh", "Tanh"}
      : cell == RecurrentCell::gru ? std::vector<std::string>{"Sigmoid", "Tanh"}
                                   : std::vector<std::string>{"Tanh"};
  std::vector<std::string> all = one;
  if (directions == 2) all.insert(all.end(), one.begin(), one.end());
  return all;
}

// The lists of parameters are consumed in order by the activations that take one.
std::vector<RecurrentActivation> activations_from(const Attributes& attributes, RecurrentCell cell,
                                                  size_t directions) {
  std::vector<std::string> names = attributes.texts("activations");
  if (names.empty()) names = default_activations(cell, directions);
  const size_t expected = activation_count(cell) * directions;
  // One direction's worth of an RNN that states both defaults.
  if (cell == RecurrentCell::rnn && directions == 1 && names.size() == 2) names.resize(1);
  require(names.size() == expected, ErrorCode::invalid_model,
          "attribute activations: expected {} activations, got {}", expected, names.size());
  const std::vector<double> alphas = attributes.numbers("activation_alpha");
  const std::vector<double> betas = attributes.numbers("activation_beta");
  size_t next_alpha = 0;
  size_t next_beta = 0;
  std::vector<RecurrentActivation> result;
  for (const std::string& name : names) {
    const KnownActivation& known = find_activation(name);
    RecurrentActivation activation{known.function, known.alpha, known.beta, known.name};
    if (known.has_alpha && next_alpha < alphas.size()) activation.alpha = alphas[next_alpha++];
    if (known.has_beta && next_beta < betas.size()) activation.beta = betas[next_beta++];
    result.push_back(activation);
  }
  return result;
}

}  // namespace

RecurrentAttributes RecurrentAttributes::from(const Attributes& attributes, RecurrentCell cell) {
  RecurrentAttributes result;
  const std::string direction = attributes.text("direction", "forward");
  require(direction == "forward" || direction == "reverse" || direction == "bidirectional",
          ErrorCode::invalid_model,
          "attribute direction: expected forward, reverse or bidirectional, got \"{}\"", direction);
  result.forward = direction != "reverse";
  result.backward = direction != "forward";
  const int64_t layout = attributes.integer("layout", 0);
  require(layout == 0 || layout == 1, ErrorCode::invalid_model,
          "attribute layout: expected 0 or 1, got {}", layout);
  result.batch_first = layout == 1;
  result.linear_before_reset = attributes.integer("linear_before_reset", 0) != 0;
  result.input_forget = attributes.integer("input_forget", 0) != 0;
  if (attributes.has("clip")) {
    const double clip = attributes.number("clip");
    require(clip >= 0, ErrorCode::invalid_model, "attribute clip: expected at least 0, got {}",
            clip);
    if (clip > 0) result.clip = clip;
  }
  if (attributes.has("hidden_size")) {
    result.hidden_size = attributes.integer("hidden_size");
    require(*result.hidden_size >= 1 && *result.hidden_size <= INT32_MAX, ErrorCode::invalid_model,
            "attribute hidden_size: expected at least 1, got {}", *result.hidden_size);
  }
  result.activations = activations_from(attributes, cell, static_cast<size_t>(result.directions()));
  return result;
}

}  // namespace cermet
