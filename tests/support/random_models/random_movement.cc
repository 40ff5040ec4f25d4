// Rules of operators that move elements, and of shape arithmetic.
#include <algorithm>
#include <numeric>

#include "tests/support/random_models/random_scope.h"

namespace cermet::testing {
namespace {

using Integers = std::vector<int64_t>;

ValueId pick_any(RandomScope& scope, int least_rank = 0) {
  return scope.pick([&](ValueId id) { return scope.rank(id) >= least_rank; });
}

int64_t random_axis(RandomScope& scope, ValueId x) {
  const int64_t axis = scope.random().below(scope.rank(x));
  return scope.random().chance(30) ? axis - scope.rank(x) : axis;
}

const Dim& dim_of(RandomScope& scope, ValueId x, int64_t axis) {
  return (*scope.type(x).dims)[axis < 0 ? axis + scope.rank(x) : axis];
}

void identity(RandomScope& scope) {
  const ValueId x = pick_any(scope);
  if (x == no_value) return;
  scope.add(scope.random().chance(70) ? "Identity" : "Dropout", {x}, {}, scope.fact(x));
}

ValueId transpose_value(RandomScope& scope, ValueId x) {
  Integers perm(scope.rank(x));
  std::iota(perm.begin(), perm.end(), 0);
  for (size_t i = perm.size(); i-- > 1;)
    std::swap(perm[i], perm[scope.random().below(static_cast<int64_t>(i) + 1)]);
  Attributes attributes;
  if (scope.random().chance(85)) attributes.set("perm", perm);
  return scope.add("Transpose", {x}, attributes, scope.fact(x));
}

void transpose(RandomScope& scope) {
  const ValueId x = pick_any(scope, 2);
  if (x == no_value) return;
  const ValueId once = transpose_value(scope, x);
  if (scope.random().chance(50)) transpose_value(scope, once);
}

// Sizes of a Reshape: neighbours merged, 0 for a size that stays, -1 once.
void reshape(RandomScope& scope) {
  const ValueId x = pick_any(scope, 1);
  if (x == no_value) return;
  const Dims& dims = *scope.type(x).dims;
  Integers shape;
  bool inferred = false;
  for (size_t i = 0; i < dims.size(); ++i) {
    const bool merge = i + 1 < dims.size() && scope.random().chance(40);
    if (!merge && (!dims[i].is_constant() || scope.random().chance(40)) && shape.size() == i) {
      shape.push_back(0);
    } else if (!inferred) {
      inferred = true;
      shape.push_back(-1);
      i += merge;
    } else if (dims[i].is_constant()) {
      shape.push_back(dims[i].constant());
    } else {
      return;
    }
    if (scope.random().chance(15)) shape.push_back(1);
  }
  scope.add("Reshape", {x, scope.integers(shape)}, {}, scope.fact(x));
}

// The shape of one value as another's: arithmetic that folds.
void reshape_to_computed(RandomScope& scope) {
  const ValueId x = pick_any(scope, 2);
  if (x == no_value) return;
  const ValueId shape = scope.add("Shape", {x}, {}, {64, 0});
  Attributes axis;
  axis.set("axis", int64_t{0});
  const ValueId first = scope.add("Gather", {shape, scope.integers({0})}, axis, {64, 0});
  const ValueId both = scope.add("Concat", {first, scope.integers({-1})}, axis, {64, 0});
  if (both != no_value) scope.add("Reshape", {x, both}, {}, scope.fact(x));
}

void flatten(RandomScope& scope) {
  const ValueId x = pick_any(scope, 1);
  if (x == no_value) return;
  Attributes attributes;
  attributes.set("axis", scope.random().between(0, scope.rank(x)));
  scope.add("Flatten", {x}, attributes, scope.fact(x));
}

void unsqueeze(RandomScope& scope) {
  const ValueId x = pick_any(scope);
  if (x == no_value) return;
  const ValueId axes = scope.integers({scope.random().between(0, scope.rank(x))});
  scope.add("Unsqueeze", {x, axes}, {}, scope.fact(x));
}

void squeeze(RandomScope& scope) {
  const ValueId x = scope.pick([&](ValueId id) {
    const Dims& dims = *scope.type(id).dims;
    return std::any_of(dims.begin(), dims.end(), [](const Dim& d) { return d.is_constant(1); });
  });
  if (x == no_value) return;
  const Dims& dims = *scope.type(x).dims;
  Integers axes;
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i].is_constant(1) && (axes.empty() || scope.random().chance(50)))
      axes.push_back(static_cast<int64_t>(i));
  scope.add("Squeeze", {x, scope.integers(axes)}, {}, scope.fact(x));
}

void concat(RandomScope& scope) {
  const ValueId x = pick_any(scope, 1);
  if (x == no_value) return;
  const int64_t axis = random_axis(scope, x);
  const auto joins = [&](ValueId id) {
    if (scope.element(id) != scope.element(x) || scope.rank(id) != scope.rank(x)) return false;
    for (int d = 0; d < scope.rank(x); ++d)
      if (d != (axis + scope.rank(x)) % scope.rank(x) &&
          !((*scope.type(id).dims)[d] == (*scope.type(x).dims)[d]))
        return false;
    return true;
  };
  std::vector<ValueId> inputs{x};
  Fact fact = scope.fact(x);
  while (inputs.size() < 3 && scope.random().chance(70)) {
    inputs.push_back(scope.pick(joins));
    fact.bound = std::max(fact.bound, scope.fact(inputs.back()).bound);
    fact.error = std::max(fact.error, scope.fact(inputs.back()).error);
  }
  Attributes attributes;
  attributes.set("axis", axis);
  scope.add("Concat", inputs, attributes, fact);
}

void slice(RandomScope& scope) {
  const ValueId x = pick_any(scope, 1);
  if (x == no_value) return;
  static const Integers steps{1, 1, 1, 2, -1, -1, -2};
  static const Integers ends{-1, 1, 2, 100, 100};
  const int64_t step = scope.random().one_of(steps);
  int64_t start = scope.random().between(-2, 2), end = scope.random().one_of(ends);
  if (scope.random().chance(40)) start = 0, end = 100;
  if (step < 0) std::swap(start, end);
  if (step < 0 && scope.random().chance(60)) start = 100, end = -100;
  const auto one = [&](int64_t value) { return scope.integers({value}); };
  const std::vector<ValueId> inputs{x, one(start), one(end), one(random_axis(scope, x)), one(step)};
  scope.add("Slice", inputs, {}, scope.fact(x));
}

void pad(RandomScope& scope) {
  const ValueId x = pick_any(scope, 1);
  if (x == no_value || scope.element(x) == ElementType::boolean) return;
  Integers pads(2 * scope.rank(x), 0);
  if (scope.random().chance(75))
    for (int64_t& p : pads) p = scope.random().between(0, 1);
  ValueId margins = scope.integers(pads);
  if (scope.random().chance(30)) {  // no element is known behind a matrix, as exporters have it
    const Fact exact = scope.fact(margins);
    margins = scope.add("Reshape", {margins, scope.integers({2, -1})}, {}, exact);
    margins = scope.add("Reshape", {margins, scope.integers({-1})}, {}, exact);
  }
  scope.add("Pad", {x, margins}, {}, scope.fact(x));
}

void expand(RandomScope& scope) {
  const ValueId x = pick_any(scope);
  if (x == no_value) return;
  Integers shape;
  for (const Dim& dim : *scope.type(x).dims)
    shape.push_back(dim.is_constant(1) && scope.random().chance(70) ? scope.random().between(1, 3)
                                                                    : 1);
  if (scope.random().chance(30)) shape.insert(shape.begin(), scope.random().between(0, 2));
  scope.add("Expand", {x, scope.integers(shape)}, {}, scope.fact(x));
}

void tile(RandomScope& scope) {
  const ValueId x = pick_any(scope, 1);
  if (x == no_value) return;
  Integers repeats(scope.rank(x), 1);
  repeats[scope.random().below(scope.rank(x))] = scope.random().between(0, 2);
  scope.add("Tile", {x, scope.integers(repeats)}, {}, scope.fact(x));
}

void gather(RandomScope& scope) {
  const ValueId x = pick_any(scope, 1);
  if (x == no_value) return;
  const int64_t axis = random_axis(scope, x);
  const Dim& size = dim_of(scope, x, axis);
  if (!size.is_constant() || size.is_constant(0)) return;
  Tensor indices(ElementType::int64, Shape(scope.random().below(3), scope.random().between(1, 2)));
  for (int64_t i = 0; i < indices.elements(); ++i)
    store_element<int64_t>(indices.view(), i,
                           scope.random().between(-size.constant(), size.constant() - 1));
  Attributes attributes;
  attributes.set("axis", axis);
  scope.add("Gather", {x, scope.constant(indices, {4, 0})}, attributes, scope.fact(x));
}

void split(RandomScope& scope) {
  const ValueId x = pick_any(scope, 1);
  if (x == no_value) return;
  const int64_t axis = random_axis(scope, x);
  const Dim& size = dim_of(scope, x, axis);
  if (!size.is_constant() || size.constant() < 2) return;
  const int64_t first = scope.random().between(0, size.constant());
  Attributes attributes;
  attributes.set("axis", axis);
  scope.add_all("Split", {x, scope.integers({first, size.constant() - first})}, 2, attributes,
                scope.fact(x));
}

void shape_of(RandomScope& scope) {
  const ValueId x = pick_any(scope);
  if (x == no_value) return;
  scope.add(scope.random().chance(70) ? "Shape" : "Size", {x}, {}, {1000, 0});
}

void fill(RandomScope& scope) {
  const ValueId x = pick_any(scope);
  if (x == no_value) return;
  const ValueId shape = scope.add("Shape", {x}, {}, {64, 0});
  if (shape == no_value) return;
  Attributes attributes;
  attributes.set("value", reals({1}, {0.75f}));
  scope.add("ConstantOfShape", {shape}, attributes, {1, 0});
}

// Sizes that depend on data.
void non_zero(RandomScope& scope) {
  const ValueId x = scope.pick([&](ValueId id) {
    return scope.rank(id) >= 1 && scope.fact(id).exact() && scope.elements(id) <= 64;
  });
  if (x == no_value) return;
  const ValueId where = scope.add("NonZero", {x}, {}, {4, 0});
  if (where == no_value || scope.rank(x) != 1) return;
  const ValueId flat = scope.add("Reshape", {where, scope.integers({-1})}, {}, {4, 0});
  if (flat != no_value) scope.add("Gather", {x, flat}, {}, scope.fact(x));
}

}  // namespace

std::span<const RandomRule> movement_rules() {
  static constexpr RandomRule rules[] = {
      identity, identity, transpose, transpose, transpose, reshape, reshape, reshape_to_computed,
      flatten,  flatten,  unsqueeze, squeeze,   concat,    slice,   slice,   pad,
      expand,   tile,     gather,    split,     shape_of,  fill,    non_zero};
  return rules;
}

}  // namespace cermet::testing
