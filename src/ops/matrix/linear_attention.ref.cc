#include "ops/matrix/linear_attention.ref.h"

#include <cmath>

namespace cermet {
namespace {

enum Input : size_t { query, key, value, past_state, decay, beta };

struct Rule {
  bool gated = false;
  bool delta = false;
};

template <class Context>
Rule rule_of(const Context& ctx) {
  const std::string name = ctx.attributes().text("update_rule", "gated_delta");
  const bool known =
      name == "linear" || name == "gated" || name == "delta" || name == "gated_delta";
  ctx.require(known, "update_rule: expected linear, gated, delta or gated_delta, got '{}'", name);
  const Rule rule{name.starts_with("gated"), name.ends_with("delta")};
  ctx.require(rule.gated == ctx.has_input(decay), "update_rule '{}' {} the input decay", name,
              rule.gated ? "needs" : "forbids");
  ctx.require(rule.delta == ctx.has_input(beta), "update_rule '{}' {} the input beta", name,
              rule.delta ? "needs" : "forbids");
  return rule;
}

struct Sizes {
  int64_t batch, length, q_heads, kv_heads, d_k, d_v;
};

Sizes sizes_of(const EvalContext& ctx) {
  const Shape& q = ctx.input(query).shape;
  const Shape& k = ctx.input(key).shape;
  const Shape& v = ctx.input(value).shape;
  Sizes s{
      q[0], q[1], ctx.attributes().integer("q_num_heads"), ctx.attributes().integer("kv_num_heads"),
      0,    0};
  s.d_k = q[2] / s.q_heads;
  s.d_v = v[2] / s.kv_heads;
  const bool fits = q[2] == s.q_heads * s.d_k &&
                    k == Shape{s.batch, s.length, s.kv_heads * s.d_k} &&
                    v == Shape{s.batch, s.length, s.kv_heads * s.d_v};
  ctx.require(fits, "query {}, key {} and value {} do not fit {} query and {} key heads",
              to_string(q), to_string(k), to_string(v), s.q_heads, s.kv_heads);
  return s;
}

// Per token and key head: one factor a key dimension, exp(decay).
std::vector<double> decay_factors(const EvalContext& ctx, const Sizes& s) {
  const Shape& shape = ctx.input(decay).shape;
  const bool whole = shape == Shape{s.batch, s.length, s.kv_heads};
  ctx.require(whole || shape == Shape{s.batch, s.length, s.kv_heads * s.d_k},
              "decay: expected one value for each head or key dimension, got shape {}",
              to_string(shape));
  std::vector<double> factors;
  for (const double g : load_all<double>(ctx.input(decay)))
    factors.insert(factors.end(), static_cast<size_t>(whole ? s.d_k : 1), std::exp(g));
  return factors;
}

// Per token and key head.
std::vector<double> update_rates(const EvalContext& ctx, const Sizes& s) {
  const Shape& shape = ctx.input(beta).shape;
  const bool shared = shape == Shape{s.batch, s.length, 1};
  ctx.require(shared || shape == Shape{s.batch, s.length, s.kv_heads},
              "beta: expected one value for each token or head, got shape {}", to_string(shape));
  std::vector<double> rates;
  for (const double b : load_all<double>(ctx.input(beta)))
    rates.insert(rates.end(), static_cast<size_t>(shared ? s.kv_heads : 1), b);
  return rates;
}

// One step of one head: state [d_k, d_v] takes in (k, v).
void update(double* state, const double* k, const double* v, const double* factors,
            const double* rate, const Sizes& s) {
  if (factors != nullptr)
    for (int64_t i = 0; i < s.d_k; ++i)
      for (int64_t j = 0; j < s.d_v; ++j) state[i * s.d_v + j] *= factors[i];
  std::vector<double> written(v, v + s.d_v);
  if (rate != nullptr) {
    for (int64_t i = 0; i < s.d_k; ++i)
      for (int64_t j = 0; j < s.d_v; ++j) written[j] -= state[i * s.d_v + j] * k[i];
    for (double& w : written) w *= *rate;
  }
  for (int64_t i = 0; i < s.d_k; ++i)
    for (int64_t j = 0; j < s.d_v; ++j) state[i * s.d_v + j] += k[i] * written[j];
}

std::vector<double> initial_state(const EvalContext& ctx, const Sizes& s) {
  const Shape shape{s.batch, s.kv_heads, s.d_k, s.d_v};
  if (!ctx.has_input(past_state))
    return std::vector<double>(static_cast<size_t>(element_count(shape)));
  ctx.require(ctx.input(past_state).shape == shape, "past_state: expected shape {}, got {}",
              to_string(shape), to_string(ctx.input(past_state).shape));
  return load_all<double>(ctx.input(past_state));
}

// Walks the tokens in order; returns the output and leaves the last state in `state`.
std::vector<double> run(const EvalContext& ctx, const Sizes& s, std::vector<double>& state) {
  const Rule rule = rule_of(ctx);
  const std::vector<double> q = load_all<double>(ctx.input(query));
  const std::vector<double> k = load_all<double>(ctx.input(key));
  const std::vector<double> v = load_all<double>(ctx.input(value));
  const std::vector<double> factors = rule.gated ? decay_factors(ctx, s) : std::vector<double>{};
  const std::vector<double> rates = rule.delta ? update_rates(ctx, s) : std::vector<double>{};
  double scale = ctx.attributes().number("scale", 0);
  if (scale == 0) scale = 1 / std::sqrt(static_cast<double>(s.d_k));

  std::vector<double> y(static_cast<size_t>(s.batch * s.length * s.q_heads * s.d_v));
  const int64_t group = s.q_heads / s.kv_heads;
  for (int64_t token = 0; token < s.batch * s.length; ++token)
    for (int64_t h = 0; h < s.kv_heads; ++h) {
      const int64_t at = token * s.kv_heads + h;
      double* matrix = state.data() + (token / s.length * s.kv_heads + h) * s.d_k * s.d_v;
      update(matrix, k.data() + at * s.d_k, v.data() + at * s.d_v,
             rule.gated ? factors.data() + at * s.d_k : nullptr,
             rule.delta ? rates.data() + at : nullptr, s);
      for (int64_t g = h * group; g < (h + 1) * group; ++g) {
        const double* from = q.data() + (token * s.q_heads + g) * s.d_k;
        double* into = y.data() + (token * s.q_heads + g) * s.d_v;
        for (int64_t i = 0; i < s.d_k; ++i)
          for (int64_t j = 0; j < s.d_v; ++j) into[j] += scale * from[i] * matrix[i * s.d_v + j];
      }
    }
  return y;
}

}  // namespace

void infer_linear_attention(InferContext& ctx) {
  rule_of(ctx);
  const int64_t q_heads = ctx.attributes().integer("q_num_heads");
  const int64_t kv_heads = ctx.attributes().integer("kv_num_heads");
  ctx.require(q_heads > 0 && kv_heads > 0 && q_heads % kv_heads == 0,
              "{} query heads do not divide among {} key heads", q_heads, kv_heads);
  const ElementType state = ctx.element(ctx.has_input(past_state) ? past_state : query);
  if (!ctx.has_rank(query) || !ctx.has_rank(value)) {
    ctx.set_output_rank(0, ctx.element(query), 3);
    return ctx.set_output_rank(1, state, 4);
  }
  for (const size_t i : {query, key, value})
    if (ctx.has_rank(i))
      ctx.require(ctx.rank(i) == 3, "expected 3 dimensions, got {}", to_string(ctx.dims(i)));
  const Dims& q = ctx.dims(query);
  const Dim d_k = floor_div(q[2], q_heads);
  const Dim d_v = floor_div(ctx.dims(value)[2], kv_heads);
  ctx.set_output(0, ctx.element(query), Dims{q[0], q[1], d_v * q_heads});
  if (ctx.output_count() > 1) ctx.set_output(1, state, Dims{q[0], kv_heads, d_k, d_v});
}

void evaluate_linear_attention(EvalContext& ctx) {
  ctx.inferred(0);  // checks the heads
  const Sizes sizes = sizes_of(ctx);
  std::vector<double> state = initial_state(ctx, sizes);
  const std::vector<double> y = run(ctx, sizes, state);
  if (ctx.wants_output(0)) store_all(ctx.output(0), y);
  if (ctx.wants_output(1)) store_all(ctx.output(1), state);
}

}  // namespace cermet
