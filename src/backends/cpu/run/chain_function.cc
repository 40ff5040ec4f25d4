#include "backends/cpu/run/chain_function.h"

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace cermet::cpu {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
double clamp(double x, double low, double high) { return std::fmin(std::fmax(x, low), high); }

struct Parameters {
  double a = 0, b = 0;
};

// How a function is computed, and how its parameters follow from values of it.
struct Row {
  ChainFunction function;
  double (*value)(double x, double a, double b);
  Parameters (*parameters)(const RealFunction& f);
};

constexpr double far = 1e30;

Parameters none(const RealFunction&) { return {}; }

// The first match wins, so the cheaper functions stand before those that include them.
constexpr std::array rows{
    Row{ChainFunction::linear, [](double x, double a, double b) { return a * x + b; },
        [](const RealFunction& f) { return Parameters{f(1) - f(0), f(0)}; }},
    Row{ChainFunction::relu, [](double x, double a, double) { return x > 0 ? x : a * x; },
        [](const RealFunction& f) { return Parameters{-f(-1), 0}; }},
    Row{ChainFunction::clip, clamp,
        [](const RealFunction& f) {
          const double a = f(-far), b = f(far);
          constexpr double infinite = std::numeric_limits<double>::infinity();
          return Parameters{a <= -far * (1 - 1e-6) ? -infinite : a,
                            b >= far * (1 - 1e-6) ? infinite : b};
        }},
    Row{ChainFunction::abs, [](double x, double, double) { return std::fabs(x); }, none},
    Row{ChainFunction::square, [](double x, double, double) { return x * x; }, none},
    Row{ChainFunction::sqrt, [](double x, double, double) { return std::sqrt(x); }, none},
    Row{ChainFunction::exp, [](double x, double, double) { return std::exp(x); }, none},
    Row{ChainFunction::log, [](double x, double, double) { return std::log(x); }, none},
    Row{ChainFunction::tanh, [](double x, double, double) { return std::tanh(x); }, none},
    Row{ChainFunction::sigmoid, [](double x, double, double) { return sigmoid(x); }, none},
    Row{ChainFunction::hard_sigmoid,
        [](double x, double a, double b) { return clamp(a * x + b, 0, 1); },
        [](const RealFunction& f) { return Parameters{(f(1e-3) - f(-1e-3)) / 2e-3, f(0)}; }},
    Row{ChainFunction::hard_swish,
        [](double x, double a, double b) { return x * clamp(a * x + b, 0, 1); },
        [](const RealFunction& f) {
          const double p = f(1e-2) / 1e-2, q = f(-1e-2) / -1e-2;
          return Parameters{(p - q) / 2e-2, (p + q) / 2};
        }},
    Row{ChainFunction::elu,
        [](double x, double a, double) { return x > 0 ? x : a * std::expm1(x); },
        [](const RealFunction& f) { return Parameters{-f(-100), 0}; }},
    Row{ChainFunction::softplus, [](double x, double, double) { return softplus(x); }, none},
    Row{ChainFunction::gelu_erf,
        [](double x, double, double) { return x / 2 * (1 + std::erf(x / std::numbers::sqrt2)); },
        none},
    Row{ChainFunction::gelu_tanh,
        [](double x, double, double) {
          const double inner = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
          return x / 2 * (1 + std::tanh(inner));
        },
        none},
    Row{ChainFunction::swish, [](double x, double a, double) { return x * sigmoid(a * x); },
        [](const RealFunction& f) { return Parameters{-std::log(1 / f(1) - 1), 0}; }},
    Row{ChainFunction::mish, [](double x, double, double) { return x * std::tanh(softplus(x)); },
        none},
};

std::vector<double> sample_points(const std::vector<double>& corners) {
  std::vector<double> points{0, far, -far};
  for (int i = 1; i <= 200; ++i) points.insert(points.end(), {i * 0.1031, -i * 0.1031});
  for (double x = 1e-12; x < 1e12; x *= 9.7) points.insert(points.end(), {x, -x});
  for (double corner : corners)
    for (double factor : {0.5, 0.999, 1.0, 1.001, 2.0})
      points.insert(points.end(), {corner * factor, -corner * factor});
  return points;
}

bool agree(double expected, double got) {
  if (std::isnan(expected) || std::isnan(got)) return std::isnan(expected) && std::isnan(got);
  if (std::isinf(expected) || std::isinf(got)) return expected == got;
  return std::fabs(expected - got) <= 1e-6 * std::fmax(1, std::fabs(expected));
}

}  // namespace

double evaluate(const ChainLink& link, double x) {
  for (const Row& row : rows)
    if (row.function == link.function) return row.value(x, link.a, link.b);
  return std::numeric_limits<double>::quiet_NaN();
}

std::optional<ChainLink> recognize(const RealFunction& function,
                                   const std::vector<double>& corners) {
  std::vector<std::pair<double, double>> samples;
  for (double x : sample_points(corners)) samples.emplace_back(x, function(x));
  for (const Row& row : rows) {
    const Parameters p = row.parameters(function);
    bool all = !std::isnan(p.a) && !std::isnan(p.b);
    for (size_t i = 0; all && i < samples.size(); ++i)
      all = agree(samples[i].second, row.value(samples[i].first, p.a, p.b));
    if (all) return ChainLink{ChainLink::Kind::function, row.function, p.a, p.b, -1};
  }
  return std::nullopt;
}

}  // namespace cermet::cpu
