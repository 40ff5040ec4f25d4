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

// Rows times a matrix.
ValueId projected(RandomScope& scope, ValueId x, const Integers&) {
  const Dim& depth = scope.type(x).dims->back();
  if (!depth.is_constant() || depth.is_constant(0)) return x;
  const ValueId weights =
      scope.constant(scope.element(x), {depth.constant(), scope.random().between(1, 3)});
  const Fact fact = scope.fact(x);
  const double terms = 2 * static_cast<double>(depth.constant()), bound = terms * fact.bound + 1;
  return scope.add("MatMul", {x, weights}, {},
                   {bound, terms * fact.error + terms * spacing(scope.element(x)) * bound});
}

// Dimensions are split and joined at random.
ValueId reshaped(RandomScope& scope, ValueId x, const Integers&) {
  Integers shape;
  int open = 0;
  for (const Dim& dim : *scope.type(x).dims) {
    if (dim.is_constant(0)) return x;
    const int64_t size = dim.is_constant() ? dim.constant() : -1;
    open += size < 0;
    if (scope.random().chance(20)) shape.push_back(1);
    const bool joins = !shape.empty() && shape.back() > 0 && size > 0;
    if (size > 0 && size % 2 == 0 && scope.random().chance(40))
      shape.insert(shape.end(), {2, size / 2});
    else if (joins && scope.random().chance(30))
      shape.back() *= size;
    else
      shape.push_back(size);
  }
  if (open > 1) return x;
  return scope.add("Reshape", {x, scope.integers(shape)}, {}, scope.fact(x));
}

ValueId picked(RandomScope& scope, ValueId x, const Integers&) {
  const int64_t axis = random_axis(scope, x);
  const Dim& size = (*scope.type(x).dims)[axis < 0 ? axis + scope.rank(x) : axis];
  if (!size.is_constant() || size.is_constant(0)) return x;
  Attributes attributes;
  attributes.set("axis", axis);
  const Shape shape = scope.random().chance(60) ? Shape{} : Shape{1};
  const int64_t index = scope.random().between(-size.constant(), size.constant() - 1);
  return scope.add("Gather", {x, scope.constant(ints(shape, {index}), {64, 0})}, attributes,
                   scope.fact(x));
}

ValueId pick_tensor(RandomScope& scope) {
  return scope.pick([&](ValueId id) {
    const ElementType type = scope.element(id);
    return (type == ElementType::float32 || type == ElementType::float64) && scope.rank(id) >= 2;
  });
}

void there_and_back(RandomScope& scope) {
  using Between = ValueId (*)(RandomScope&, ValueId, const Integers&);
  static const std::vector<Between> all{
      activated,  activated,  shifted, shifted,   joined,    joined,   padded,   cut,    cut,
      normalised, normalised, summed,  projected, projected, reshaped, reshaped, picked, picked};
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

// A product of joined rows, which are taken apart behind it.
void product_of_flat_rows(RandomScope& scope) {
  const ValueId x = scope.pick([&](ValueId id) {
    const ValueType& type = scope.type(id);
    return scope.element(id) == ElementType::float32 && scope.rank(id) == 3 && type.is_static() &&
           scope.elements(id) > 0;
  });
  if (x == no_value) return;
  const Shape shape = constants(*scope.type(x).dims);
  ValueId y = transposed(scope, x, {1, 0, 2});
  if (y == no_value) return;
  y = scope.add("Reshape", {y, scope.integers({shape[0] * shape[1], shape[2]})}, {}, scope.fact(y));
  if (y != no_value) y = projected(scope, y, {});
  if (y != no_value && scope.random().chance(60)) y = shifted(scope, y, {});
  if (y == no_value || !scope.type(y).is_static()) return;
  const int64_t columns = scope.type(y).dims->back().constant();
  y = scope.add("Reshape", {y, scope.integers({shape[1], shape[0], columns})}, {}, scope.fact(y));
  if (y != no_value) transposed(scope, y, {1, 0, 2});
}

}  // namespace

std::span<const RandomRule> transpose_rules() {
  static constexpr RandomRule rules[] = {there_and_back, there_and_back, product_of_transpose,
                                         product_of_flat_rows};
  return rules;
}

}  // namespace cermet::testing
