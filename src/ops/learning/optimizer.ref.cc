#include "ops/learning/optimizer.ref.h"

#include <array>
#include <cmath>

namespace cermet {
namespace {

// One element's variables: x, gradient, first state, second state.
struct Element {
  double x = 0;
  double gradient = 0;
  double first = 0;
  double second = 0;
};

struct Settings {
  double rate = 0;
  double step = 0;  // how often training has updated before
  double norm = 0;
  double norm_post = 0;
  double alpha = 0;
  double beta = 0;
  double epsilon = 0;
  double decay = 0;
  bool nesterov = false;
};

void adagrad(Element& e, const Settings& s) {
  const double rate = s.rate / (1 + s.step * s.decay);
  const double gradient = s.norm * e.x + e.gradient;
  e.first += gradient * gradient;
  e.x -= rate * gradient / (std::sqrt(e.first) + s.epsilon);
}

void adam(Element& e, const Settings& s) {
  const double gradient = s.norm * e.x + e.gradient;
  e.first = s.alpha * e.first + (1 - s.alpha) * gradient;
  e.second = s.beta * e.second + (1 - s.beta) * gradient * gradient;
  double rate = s.rate;
  if (s.step > 0) rate *= std::sqrt(1 - std::pow(s.beta, s.step)) / (1 - std::pow(s.alpha, s.step));
  e.x -= rate * e.first / (std::sqrt(e.second) + s.epsilon);
  e.x *= 1 - s.norm_post;
}

void momentum(Element& e, const Settings& s) {
  const double gradient = s.norm * e.x + e.gradient;
  e.first = s.alpha * e.first + (s.step > 0 ? s.beta : 1) * gradient;
  e.x -= s.rate * (s.nesterov ? gradient + s.alpha * e.first : e.first);
}

struct Optimizer {
  std::string_view name;
  size_t states;  // tensors besides x and the gradient
  void (*update)(Element&, const Settings&);
};

constexpr std::array<Optimizer, 3> optimizers{{
    {"Adagrad", 1, adagrad},
    {"Adam", 2, adam},
    {"Momentum", 1, momentum},
}};

const Optimizer& optimizer_named(std::string_view name) {
  for (const Optimizer& o : optimizers)
    if (o.name == name) return o;
  fail(ErrorCode::internal, "no optimizer {}", name);
}

// Inputs are rate, step, then all x, all gradients, all states; outputs all x, then all states.
template <class Context>
size_t tensor_count(const Context& ctx, const Optimizer& optimizer) {
  const size_t groups = 2 + optimizer.states;
  ctx.require(ctx.input_count() > 2 && (ctx.input_count() - 2) % groups == 0,
              "expected the rate, the step and groups of {} tensors, got {} inputs", groups,
              ctx.input_count());
  return (ctx.input_count() - 2) / groups;
}

Settings settings_of(const EvalContext& ctx) {
  const Attributes& a = ctx.attributes();
  Settings s;
  s.rate = load_element<double>(ctx.input(0), 0);
  s.step = static_cast<double>(load_element<int64_t>(ctx.input(1), 0));
  s.norm = a.number("norm_coefficient", 0);
  s.norm_post = a.number("norm_coefficient_post", 0);
  s.alpha = a.number("alpha", 0.9);
  s.beta = a.number("beta", 0.999);
  s.epsilon = a.number("epsilon", 1e-6);
  s.decay = a.number("decay_factor", 0);
  const std::string mode = a.text("mode", "standard");
  ctx.require(mode == "standard" || mode == "nesterov",
              "mode: expected standard or nesterov, got '{}'", mode);
  s.nesterov = mode == "nesterov";
  return s;
}

}  // namespace

void infer_optimizer(InferContext& ctx) {
  const Optimizer& optimizer = optimizer_named(ctx.op());
  const size_t count = tensor_count(ctx, optimizer);
  for (size_t i = 0; i < ctx.output_count(); ++i)
    ctx.set_output(i, ctx.input(2 + (i < count ? i : i + count)));
}

void evaluate_optimizer(EvalContext& ctx) {
  const Optimizer& optimizer = optimizer_named(ctx.op());
  const size_t count = tensor_count(ctx, optimizer);
  for (const size_t scalar : {0, 1})
    ctx.require(ctx.input(scalar).elements() == 1, "expected a scalar as input {}", scalar);
  const Settings settings = settings_of(ctx);
  for (size_t tensor = 0; tensor < count; ++tensor) {
    std::array<std::vector<double>, 4> data;
    for (size_t group = 0; group < 2 + optimizer.states; ++group) {
      data[group] = load_all<double>(ctx.input(2 + group * count + tensor));
      ctx.require(data[group].size() == data[0].size(), "tensor {}: sizes differ", tensor);
    }
    data[3].resize(data[0].size());
    for (size_t i = 0; i < data[0].size(); ++i) {
      Element e{data[0][i], data[1][i], data[2][i], data[3][i]};
      optimizer.update(e, settings);
      data[0][i] = e.x;
      data[2][i] = e.first;
      data[3][i] = e.second;
    }
    for (size_t group = 0; group < 1 + optimizer.states; ++group) {
      const size_t output = group * count + tensor;
      if (ctx.wants_output(output)) store_all(ctx.output(output), data[group == 0 ? 0 : group + 1]);
    }
  }
}

}  // namespace cermet
