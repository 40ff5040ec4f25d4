// Rules of what passes take out again: casts there and back, things done twice or undone,
// reductions of one element, operands expanded before they broadcast, slices of slices.
#include <algorithm>

#include "tests/support/random_models/random_scope.h"

namespace cermet::testing {
namespace {

ValueId pick_any(RandomScope& scope, int least_rank = 0) {
  return scope.pick([&](ValueId id) { return scope.rank(id) >= least_rank; });
}

ValueId cast(RandomScope& scope, ValueId x, ElementType to) {
  Attributes attributes;
  attributes.set("to", static_cast<int64_t>(to));
  const Fact fact = scope.fact(x);
  const bool rounds = is_floating(to) && !(fact.exact() && fact.bound <= 16);
  return scope.add(
      "Cast", {x}, attributes,
      {std::max(fact.bound, 300.0), rounds ? fact.error + spacing(to) * fact.bound : 0});
}

void casts(RandomScope& scope) {
  static const std::vector<ElementType> types{
      ElementType::boolean, ElementType::int8,    ElementType::uint8,   ElementType::int32,
      ElementType::int64,   ElementType::float16, ElementType::float32, ElementType::float64};
  const ValueId x = scope.pick([&](ValueId id) {
    return scope.fact(id).exact() && scope.fact(id).bound <= 16 && bit_width(scope.element(id)) > 4;
  });
  if (x == no_value) return;
  const ElementType back = scope.element(x);
  const ElementType wide = is_floating(back) ? ElementType::float64 : ElementType::int64;
  const ValueId once =
      cast(scope, x, scope.random().chance(50) ? wide : scope.random().one_of(types));
  if (once == no_value || !scope.fact(once).exact()) return;
  cast(scope, once, scope.random().chance(50) ? back : scope.random().one_of(types));
}

void twice(RandomScope& scope) {
  static const std::vector<std::string> names{"Neg", "Relu", "Abs", "Floor", "Sign"};
  const std::string& op = scope.random().one_of(names);
  const ValueId x = op == "Floor" || op == "Sign" ? scope.pick_exact() : scope.pick_float();
  if (x == no_value) return;
  const ValueId once = scope.add(op, {x}, {}, scope.fact(x));
  if (once != no_value) scope.add(op, {once}, {}, scope.fact(once));
}

void there_and_back(RandomScope& scope) {
  const ValueId x = pick_any(scope);
  if (x == no_value) return;
  const ValueId axes = scope.integers({scope.random().between(0, scope.rank(x))});
  const ValueId longer = scope.add("Unsqueeze", {x, axes}, {}, scope.fact(x));
  if (longer != no_value) scope.add("Squeeze", {longer, axes}, {}, scope.fact(x));
}

void split_and_joined(RandomScope& scope) {
  const ValueId x = pick_any(scope, 1);
  if (x == no_value) return;
  const int64_t axis = scope.random().below(scope.rank(x));
  const Dim& size = (*scope.type(x).dims)[axis];
  if (!size.is_constant() || size.constant() < 2) return;
  const int64_t first = scope.random().between(1, size.constant() - 1);
  const ValueId sizes = scope.integers({first, size.constant() - first});
  Attributes attributes;
  attributes.set("axis", axis);
  const auto parts = scope.add_all("Split", {x, sizes}, 2, attributes, scope.fact(x));
  const bool swapped = scope.random().chance(30);
  const ValueId joined = scope.add("Concat", {parts[swapped ? 1 : 0], parts[swapped ? 0 : 1]},
                                   attributes, scope.fact(x));
  if (joined != no_value && swapped)
    scope.add_all("Split", {joined, scope.integers({size.constant() - first, first})}, 2,
                  attributes, scope.fact(x));
}

void reduced_one(RandomScope& scope) {
  static const std::vector<std::string> names{"ReduceSum", "ReduceMean", "ReduceMax", "ReduceProd",
                                              "ReduceL1"};
  const ValueId x = scope.pick_float();
  if (x == no_value) return;
  const int64_t axis = scope.random().between(0, scope.rank(x));
  const ValueId axes = scope.integers({axis});
  const ValueId longer = scope.add("Unsqueeze", {x, axes}, {}, scope.fact(x));
  if (longer == no_value) return;
  Attributes attributes;
  attributes.set("keepdims", scope.random().below(2));
  scope.add(scope.random().one_of(names), {longer, axes}, attributes, scope.fact(x));
}

void expanded_operand(RandomScope& scope) {
  const ValueId x = scope.pick([&](ValueId id) {
    return is_floating(scope.element(id)) && scope.rank(id) >= 1 && scope.rank(id) <= 3;
  });
  if (x == no_value) return;
  const ValueId row =
      scope.constant(scope.element(x), Shape(scope.random().between(0, scope.rank(x)), 1));
  const ValueId shape = scope.add("Shape", {x}, {}, {64, 0});
  const ValueId wide = scope.add("Expand", {row, shape}, {}, scope.fact(row));
  if (wide == no_value) return;
  const Fact fact = scope.fact(x);
  scope.add("Max", {x, wide}, {}, {fact.bound + 2, fact.error});
}

void one_sided_where(RandomScope& scope) {
  const ValueId x = pick_any(scope);
  if (x == no_value) return;
  const ValueId y = scope.partner(x);
  Tensor condition(ElementType::boolean, Shape(scope.random().below(2), 2));
  const int64_t value = scope.random().below(2);
  for (int64_t i = 0; i < condition.elements(); ++i)
    store_element<int64_t>(condition.view(), i, scope.random().chance(90) ? value : 1 - value);
  scope.add("Where", {scope.constant(condition, {1, 0}), x, y}, {},
            {std::max(scope.fact(x).bound, scope.fact(y).bound),
             std::max(scope.fact(x).error, scope.fact(y).error)});
}

void even_gather(RandomScope& scope) {
  const ValueId x = pick_any(scope, 1);
  if (x == no_value) return;
  const int64_t axis = scope.random().below(scope.rank(x));
  const Dim& size = (*scope.type(x).dims)[axis];
  if (!size.is_constant() || size.constant() < 2) return;
  const bool backward = scope.random().chance(40);
  std::vector<int64_t> indices;
  for (int64_t i = scope.random().below(2); i < size.constant(); ++i)
    indices.push_back(backward ? -1 - i : i);
  Attributes attributes;
  attributes.set("axis", axis);
  scope.add("Gather", {x, scope.integers(indices)}, attributes, scope.fact(x));
}

ValueId slice(RandomScope& scope, ValueId x, int64_t axis) {
  static const std::vector<int64_t> steps{1, 1, 2, -1, -2};
  const int64_t step = scope.random().one_of(steps);
  int64_t start = scope.random().between(-3, 2), end = scope.random().chance(60) ? 100 : 2;
  if (step < 0) start = scope.random().between(-2, 3), end = scope.random().chance(60) ? -100 : 0;
  const auto one = [&](int64_t value) { return scope.integers({value}); };
  const std::vector<ValueId> inputs{x, one(start), one(end), one(axis), one(step)};
  return scope.add("Slice", inputs, {}, scope.fact(x));
}

void sliced_twice(RandomScope& scope) {
  const ValueId x = pick_any(scope, 1);
  if (x == no_value) return;
  ValueId from = x;
  const int64_t axis = scope.random().below(scope.rank(x));
  if (scope.random().chance(60)) {
    Attributes attributes;
    attributes.set("axis", axis);
    from = scope.add("Concat", {x, x}, attributes, scope.fact(x));
    if (from == no_value) return;
  }
  const ValueId once = slice(scope, from, axis);
  if (once != no_value) slice(scope, once, scope.random().chance(70) ? axis : 0);
}

}  // namespace

std::span<const RandomRule> elimination_rules() {
  static constexpr RandomRule rules[] = {casts,
                                         casts,
                                         twice,
                                         there_and_back,
                                         reduced_one,
                                         split_and_joined,
                                         expanded_operand,
                                         even_gather,
                                         one_sided_where,
                                         sliced_twice,
                                         sliced_twice};
  return rules;
}

}  // namespace cermet::testing
