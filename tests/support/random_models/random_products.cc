// Rules of matrix products, convolutions and normalisations.
#include <cmath>

#include "tests/support/random_models/random_scope.h"

namespace cermet::testing {
namespace {

// A sum of `terms` products.
Fact product_fact(RandomScope& scope, ValueId x, ValueId y, double terms) {
  const Fact &a = scope.fact(x), &b = scope.fact(y);
  const double bound = terms * a.bound * b.bound + 1;
  return {bound, terms * (a.error * b.bound + b.error * a.bound + a.error * b.error) +
                     spacing(scope.element(x)) * bound};
}

ValueId pick_matrix(RandomScope& scope, int least, int most) {
  return scope.pick([&](ValueId id) {
    const ElementType type = scope.element(id);
    return (type == ElementType::float32 || type == ElementType::float64) &&
           scope.rank(id) >= least && scope.rank(id) <= most &&
           scope.type(id).dims->back().is_constant();
  });
}

// Weights: mostly a constant, sometimes another value.
ValueId weights(RandomScope& scope, ElementType type, const Shape& shape) {
  if (scope.random().chance(20)) {
    const ValueId found = scope.pick([&](ValueId id) {
      return scope.element(id) == type && scope.type(id).is_static() &&
             constants(*scope.type(id).dims) == shape;
    });
    if (found != no_value) return found;
  }
  return scope.constant(type, shape);
}

// Products of one value: some with a bias, most with the same activation.
void sibling_products(RandomScope& scope) {
  const ValueId a = pick_matrix(scope, 2, 4);
  if (a == no_value) return;
  const int64_t k = scope.type(a).dims->back().constant();
  const ElementType type = scope.element(a);
  const bool alike = scope.random().chance(60);
  for (int64_t i = 0, count = scope.random().between(2, 4); i < count; ++i) {
    const int64_t n = scope.random().between(1, 4);
    const ValueId w = scope.constant(type, {k, n});
    ValueId y = scope.add("MatMul", {a, w}, {}, product_fact(scope, a, w, static_cast<double>(k)));
    if (y == no_value) return;
    if (scope.random().chance(60)) {
      const Fact fact = scope.fact(y);
      y = scope.add("Add", {y, scope.constant(type, {scope.random().chance(80) ? n : 1})}, {},
                    {fact.bound + 2, fact.error + spacing(type) * (fact.bound + 2)});
    }
    if (y != no_value && (alike || scope.random().chance(40)))
      scope.add("Relu", {y}, {}, scope.fact(y));
  }
}

void mat_mul(RandomScope& scope) {
  if (scope.random().chance(25)) return sibling_products(scope);
  const ValueId a = pick_matrix(scope, 2, 4);
  if (a == no_value) return;
  const int64_t k = scope.type(a).dims->back().constant();
  const ValueId b = weights(scope, scope.element(a), {k, scope.random().between(1, 4)});
  const ValueId product =
      scope.add("MatMul", {a, b}, {}, product_fact(scope, a, b, static_cast<double>(k)));
  if (product == no_value || !scope.random().chance(60)) return;
  const ValueId bias = scope.partner(product);
  const Fact &x = scope.fact(product), &y = scope.fact(bias);
  scope.add("Add", {bias, product}, {},
            {x.bound + y.bound, x.error + y.error + spacing(scope.element(a)) * x.bound});
}

// Bytes by constant bytes, with a scale for all columns or one for each.
void product_of_bytes(RandomScope& scope) {
  const ValueId x = scope.pick([&](ValueId id) {
    return scope.element(id) == ElementType::float32 && scope.fact(id).exact() &&
           scope.rank(id) >= 2 && scope.rank(id) <= 4 && scope.type(id).dims->back().is_constant();
  });
  if (x == no_value) return;
  const int64_t k = scope.type(x).dims->back().constant(), n = scope.random().between(1, 4);
  const ElementType type = scope.random().chance(50) ? ElementType::uint8 : ElementType::int8;
  Tensor zero(type, {}), weights(ElementType::int8, {k, n});
  store_element<int64_t>(zero.view(), 0, scope.random().between(0, 3));
  for (int64_t i = 0; i < k * n; ++i)
    store_element<int64_t>(weights.view(), i, scope.random().between(-8, 8));
  const ValueId scale = scope.constant(reals({}, {0.5F}), {1, 0});
  const ValueId zero_point = scope.constant(zero, {3, 0});
  const ValueId q = scope.add("QuantizeLinear", {x, scale, zero_point}, {}, {300, 0});
  if (q == no_value) return;
  const Fact exact{150, spacing(ElementType::float32)};
  const ValueId a = scope.add("DequantizeLinear", {q, scale, zero_point}, {}, exact);
  const bool by_column = scope.random().chance(50);
  const ValueId scales =
      scope.constant(by_column ? reals({n}, std::vector<float>(static_cast<size_t>(n), 0.25F))
                               : reals({}, {0.25F}),
                     {1, 0});
  const ValueId b = scope.add("DequantizeLinear", {scope.constant(weights, {8, 0}), scales}, {},
                              {2, spacing(ElementType::float32)});
  if (a == no_value || b == no_value) return;
  scope.add("MatMul", {a, b}, {}, product_fact(scope, a, b, static_cast<double>(k)));
}

void gemm(RandomScope& scope) {
  const ValueId a = pick_matrix(scope, 2, 2);
  if (a == no_value) return;
  static const std::vector<double> factors{1, 1, 1, 0.5, -2, 0};
  Attributes attributes;
  const bool flip_a = scope.random().chance(30), flip_b = scope.random().chance(40);
  const Dim& depth = (*scope.type(a).dims)[flip_a ? 0 : 1];
  if (!depth.is_constant()) return;
  const int64_t k = depth.constant(), n = scope.random().between(1, 4);
  attributes.set("transA", int64_t{flip_a});
  attributes.set("transB", int64_t{flip_b});
  attributes.set("alpha", scope.random().one_of(factors));
  attributes.set("beta", scope.random().one_of(factors));
  const ValueId b = weights(scope, scope.element(a), flip_b ? Shape{n, k} : Shape{k, n});
  std::vector<ValueId> inputs{a, b};
  if (scope.random().chance(70))
    inputs.push_back(
        scope.constant(scope.element(a), scope.random().chance(70) ? Shape{n} : Shape{1, 1}));
  Fact fact = product_fact(scope, a, b, static_cast<double>(2 * k));
  fact.bound += 10;
  scope.add("Gemm", inputs, attributes, fact);
}

ValueId normalize(RandomScope& scope, ValueId x, int64_t channels) {
  const ElementType type = scope.element(x);
  Tensor variance = scope.random_tensor(type, {channels});
  for (int64_t i = 0; i < channels; ++i)
    store_element<double>(variance.view(), i, 0.5 + static_cast<double>(i % 3));
  const auto vector = [&] { return scope.constant(type, {channels}); };
  const std::vector<ValueId> inputs{x, vector(), vector(), vector(),
                                    scope.constant(variance, {3, 0})};
  const Fact fact = scope.fact(x);
  const double bound = 4 * fact.bound + 10;
  return scope.add("BatchNormalization", inputs, {},
                   {bound, 4 * fact.error + spacing(type) * bound});
}

// Sometimes the image with zeros around it, other channels first, or each channel scaled or
// shifted, as exporters write it before a convolution.
ValueId prepared(RandomScope& scope, ValueId x) {
  const Fact fact = scope.fact(x);
  const int64_t channels = (*scope.type(x).dims)[1].constant();
  Shape by_channel(scope.rank(x) - 1, 1);
  by_channel[0] = channels;
  const auto arithmetic = [&](const char* op, ValueId image) {
    const double bound = 2 * fact.bound + 2;
    return scope.add(op, {image, scope.constant(ElementType::float32, by_channel)}, {},
                     {bound, 2 * fact.error + spacing(ElementType::float32) * bound});
  };
  ValueId result = x;
  if (scope.random().chance(20)) result = arithmetic("Mul", result);
  if (result != no_value && scope.random().chance(20)) result = arithmetic("Add", result);
  if (result != no_value && scope.random().chance(60)) {
    std::vector<int64_t> order(channels);
    for (int64_t c = 0; c < channels; ++c) order[c] = (c + channels - 1) % channels;
    Attributes axis;
    axis.set("axis", int64_t{1});
    result = scope.add("Gather", {result, scope.integers(order)}, axis, scope.fact(result));
  }
  if (result != no_value && scope.random().chance(50)) {
    std::vector<int64_t> pads(2 * static_cast<size_t>(scope.rank(x)), 0);
    pads.back() = scope.random().below(2);
    pads[2] = 1;
    result = scope.add("Pad", {result, scope.integers(pads)}, {}, scope.fact(result));
  }
  return result == no_value ? x : result;
}

// Convolutions of one image, which differ in their channels and biases, and a few in their kernels.
void sibling_convolutions(RandomScope& scope) {
  const ValueId x = scope.pick([&](ValueId id) {
    return scope.element(id) == ElementType::float32 && scope.rank(id) >= 3 &&
           scope.rank(id) <= 4 && (*scope.type(id).dims)[1].is_constant() &&
           !(*scope.type(id).dims)[1].is_constant(0);
  });
  if (x == no_value) return;
  const int64_t in = (*scope.type(x).dims)[1].constant();
  const int64_t usual = scope.random().between(1, 2);
  for (int64_t i = 0, count = scope.random().between(2, 3); i < count; ++i) {
    const int64_t kernel = scope.random().chance(80) ? usual : 3 - usual;
    const int64_t out = scope.random().between(1, 3);
    Shape shape{out, in};
    for (int d = 2; d < scope.rank(x); ++d) shape.push_back(kernel);
    Attributes attributes;
    if (kernel == 2 || scope.random().chance(30))
      attributes.set("pads", std::vector<int64_t>(2 * (scope.rank(x) - 2), kernel - 1));
    const ValueId w = scope.constant(ElementType::float32, shape);
    std::vector<ValueId> inputs{x, w};
    if (scope.random().chance(50)) inputs.push_back(scope.constant(ElementType::float32, {out}));
    Fact fact = product_fact(scope, x, w, 4.0 * static_cast<double>(in));
    fact.bound += 2;
    const ValueId y = scope.add("Conv", inputs, attributes, fact);
    if (y != no_value && scope.random().chance(60)) scope.add("Relu", {y}, {}, scope.fact(y));
  }
}

// A convolution with what usually follows it.
void convolution(RandomScope& scope) {
  if (scope.random().chance(10)) return sibling_convolutions(scope);
  const bool transposed = scope.random().chance(25);
  ValueId x = scope.pick([&](ValueId id) {
    return scope.element(id) == ElementType::float32 && scope.rank(id) >= 3 &&
           scope.rank(id) <= 4 && (*scope.type(id).dims)[1].is_constant() &&
           !(*scope.type(id).dims)[1].is_constant(0);
  });
  if (x == no_value) return;
  x = prepared(scope, x);
  const int64_t in = (*scope.type(x).dims)[1].constant();
  const int64_t group = in % 2 == 0 && scope.random().chance(40) ? 2 : 1;
  const int64_t out = group * scope.random().between(1, 2);
  const int64_t kernel = scope.random().between(1, 2);
  Shape shape = transposed ? Shape{in, out / group} : Shape{out, in / group};
  for (int d = 2; d < scope.rank(x); ++d) shape.push_back(kernel);
  Attributes attributes;
  attributes.set("group", group);
  if (kernel == 2)
    attributes.set("pads", std::vector<int64_t>(2 * (scope.rank(x) - 2), transposed ? 0 : 1));
  const ValueId w = weights(scope, ElementType::float32, shape);
  std::vector<ValueId> inputs{x, w};
  if (scope.random().chance(50)) inputs.push_back(scope.constant(ElementType::float32, {out}));
  Fact fact = product_fact(scope, x, w, 4.0 * static_cast<double>(in));
  fact.bound += 2;
  ValueId result = scope.add(transposed ? "ConvTranspose" : "Conv", inputs, attributes, fact);
  if (result != no_value && scope.random().chance(60)) result = normalize(scope, result, out);
  if (result != no_value && scope.random().chance(60))
    scope.add("Relu", {result}, {}, scope.fact(result));
}

void batch_normalization(RandomScope& scope) {
  const ValueId x = scope.pick([&](ValueId id) {
    return is_floating(scope.element(id)) && scope.rank(id) >= 2 &&
           (*scope.type(id).dims)[1].is_constant();
  });
  if (x != no_value) normalize(scope, x, (*scope.type(x).dims)[1].constant());
}

void pool(RandomScope& scope) {
  ValueId x = scope.pick([&](ValueId id) {
    return scope.element(id) == ElementType::float32 && scope.rank(id) == 4 &&
           scope.type(id).is_static() && scope.elements(id) > 0;
  });
  if (x == no_value) return;
  if (scope.random().chance(50)) {
    const ValueId around =
        scope.add("Pad", {x, scope.integers({0, 0, 0, 1, 0, 0, 0, 0})}, {}, scope.fact(x));
    if (around != no_value) x = around;
  }
  Attributes attributes;
  attributes.set("kernel_shape", std::vector<int64_t>{1, 2});
  if (scope.random().chance(50)) attributes.set("pads", std::vector<int64_t>{0, 1, 0, 1});
  const std::string op = scope.random().chance(50) ? "MaxPool" : "AveragePool";
  Fact fact = scope.fact(x);
  if (op == "AveragePool") fact.error += spacing(ElementType::float32) * fact.bound;
  scope.add(op, {x}, attributes, fact);
}

}  // namespace

std::span<const RandomRule> product_rules() {
  static constexpr RandomRule rules[] = {
      mat_mul,         mat_mul,     gemm, gemm, convolution,
      convolution,     convolution, pool, pool, batch_normalization,
      product_of_bytes};
  return rules;
}

}  // namespace cermet::testing
