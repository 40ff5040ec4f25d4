// Rules of transposes with something between them, or before a product.
#include <algorithm>
#include <numeric>

#include "tests/support/random_models/random_scope.h"

namespace cermet::testing {
namespace {

using Integers = std::vector<int64_t>;

Integers random_order(RandomScope& scope, int rank) {
  Integers order(rank);
  std::iota(order.begin(), order.end(), 0);
  for (size_t i = order.size(); i-- > 1;)
    std::swap(order[i], order[scope.random().below(static_cast<int64_t>(i) + 1)]);
  return order;
}

ValueId transposed(RandomScope& scope, ValueId x, const Integers& order) {
  Attributes attributes;
  attributes.set("perm", order);
  return scope.add("Transpose", {x}, attributes, scope.fact(x));
}

int64_t random_axis(RandomScope& scope, ValueId x) {
  return scope.random().between(-scope.rank(x), scope.rank(x) - 1);
}

ValueId activated(RandomScope& scope, ValueId x, const Integers&) {
  return scope.add(scope.random().chance(50) ? "Relu" : "Neg", {x}, {}, scope.fact(x));
}

// By a scalar, or a constant that follows some dimensions.
ValueId shifted(RandomScope& scope, ValueId x, const Integers&) {
  Shape shape;
  for (const Dim& dim : *scope.type(x).dims)
    shape.push_back(dim.is_constant() && scope.random().chance(60) ? dim.constant() : 1);
  shape.erase(shape.begin(), shape.begin() + scope.random().below(scope.rank(x)));
  const ValueId table = scope.constant(scope.element(x), shape);
  const Fact fact = scope.fact(x);
  const double bound = fact.bound + 5;
  const bool sum = scope.random().chance(50);
  return scope.add(sum ? "Add" : "Sub", sum ? std::vector{x, table} : std::vector{table, x}, {},
                   {bound, fact.error + spacing(scope.element(x)) * bound});
}

// With another value of the same shape, which mostly is a transpose of that order too.
ValueId joined(RandomScope& scope, ValueId x, const Integers& order) {
  ValueId other = scope.add("Relu", {x}, {}, scope.fact(x));
  if (other == no_value) return other;
  Integers back(order.size());
  for (size_t d = 0; d < order.size(); ++d) back[order[d]] = static_cast<int64_t>(d);
  if (scope.random().chance(60)) {
    const ValueId source = transposed(scope, other, back);
    if (source != no_value) other = transposed(scope, source, order);
  }
  if (other == no_value) return other;
  if (scope.random().chance(50)) return scope.add("Max", {x, other}, {}, scope.fact(x));
  Attributes attributes;
  attributes.set("axis", random_axis(scope, x));
  return scope.add("Concat", {x, other}, attributes, scope.fact(x));
}

ValueId padded(RandomScope& scope, ValueId x, const Integers&) {
  Integers pads(2 * static_cast<size_t>(scope.rank(x)));
  for (int64_t& p : pads) p = scope.random().between(0, 1);
  return scope.add("Pad", {x, scope.integers(pads)}, {}, scope.fact(x));
}

ValueId cut(RandomScope& scope, ValueId x, const Integers&) {
  const auto one = [&](int64_t value) { return scope.integers({value}); };
  const bool backward = scope.random().chance(30);
  const std::vector<ValueId> inputs{x, one(backward ? 100 : scope.random().between(0, 1)),
                                    one(backward ? -100 : 100), one(random_axis(scope, x)),
                                    one(backward ? -1 : 1)};
  return scope.add("Slice", inputs, {}, scope.fact(x));
}

ValueId normalised(RandomScope& scope, ValueId x, const Integers&) {
  Attributes attributes;
  attributes.set("axis", random_axis(scope, x));
  const Fact fact = scope.fact(x);
  return scope.add("Softmax", {x}, attributes,
                   {1, 2 * fact.error + spacing(scope.element(x)) * (fact.bound + 2)});
}

ValueId summed(RandomScope& scope, ValueId x, const Integers&) {
  Attributes attributes;
  attributes.set("keepdims", scope.random().below(2));
  const double count = scope.elements(x) + 1;
  const Fact fact = scope.fact(x);
  const double bound = count * fact.bound;
  return scope.add("ReduceSum", {x, scope.integers({random_axis(scope, x)})}, attributes,
                   {bound, count * fact.error + spacing(scope.element(x)) * bound});
}

ValueId pick_tensor(RandomScope& scope) {
  return scope.pick([&](ValueId id) {
    const ElementType type = scope.element(id);
    return (type == ElementType::float32 || type == ElementType::float64) && scope.rank(id) >= 2;
  });
}

void there_and_back(RandomScope& scope) {
  using Between = ValueId (*)(RandomScope&, ValueId, const Integers&);
  static const std::vector<Between> all{activated, activated,  shifted,    shifted,
                                        joined,    joined,     padded,     cut,
                                        cut,       normalised, normalised, summed};
  const ValueId x = pick_tensor(scope);
  if (x == no_value) return;
  const Integers order = random_order(scope, scope.rank(x));
  ValueId y = transposed(scope, x, order);
  for (int64_t i = scope.random().between(1, 3); i > 0 && y != no_value; --i)
    if (scope.rank(y) == static_cast<int>(order.size()))
      y = scope.random().one_of(all)(scope, y, order);
  if (y == no_value || scope.rank(y) < 2) return;
  Integers back = random_order(scope, scope.rank(y));
  if (back.size() == order.size() && scope.random().chance(70))
    for (size_t d = 0; d < order.size(); ++d) back[order[d]] = static_cast<int64_t>(d);
  transposed(scope, y, back);
}

// x times its own transpose, with a scale between them at times.
void product_of_transpose(RandomScope& scope) {
  const ValueId x = scope.pick(
      [&](ValueId id) { return scope.element(id) == ElementType::float32 && scope.rank(id) >= 2; });
  if (x == no_value) return;
  Integers order(scope.rank(x));
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  ValueId y = transposed(scope, x, order);
  if (y != no_value && scope.random().chance(30)) y = shifted(scope, y, order);
  if (y == no_value) return;
  const Fact &a = scope.fact(x), &b = scope.fact(y);
  const double terms = scope.elements(x) + 1, bound = terms * a.bound * b.bound + 1;
  const Fact fact{bound, terms * (a.error * b.bound + b.error * a.bound + a.error * b.error) +
                             spacing(ElementType::float32) * bound};
  scope.add("MatMul", scope.random().chance(70) ? std::vector{x, y} : std::vector{y, x}, {}, fact);
}

}  // namespace

std::span<const RandomRule> transpose_rules() {
  static constexpr RandomRule rules[] = {there_and_back, there_and_back, product_of_transpose};
  return rules;
}

}  // namespace cermet::testing
