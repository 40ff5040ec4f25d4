// Rules of reductions and of what runs along an axis.
#include "tests/support/random_models/random_scope.h"

namespace cermet::testing {
namespace {

ValueId pick_reducible(RandomScope& scope, bool exact) {
  return scope.pick([&](ValueId id) {
    return is_floating(scope.element(id)) && scope.rank(id) >= 1 &&
           (!exact || scope.fact(id).exact());
  });
}

// Empty extrema have no value.
bool may_be_empty(RandomScope& scope, ValueId x) {
  return !scope.type(x).is_static() || scope.elements(x) == 0;
}

void reduce(RandomScope& scope) {
  static const std::vector<std::string> names{"ReduceSum", "ReduceMean", "ReduceMax",
                                              "ReduceMin", "ReduceL1",   "ReduceSumSquare"};
  const std::string& op = scope.random().one_of(names);
  const ValueId x = pick_reducible(scope, op == "ReduceSumSquare");
  if (x == no_value || (op != "ReduceSum" && op != "ReduceL1" && may_be_empty(scope, x))) return;
  Attributes attributes;
  attributes.set("keepdims", scope.random().below(2));
  std::vector<ValueId> inputs{x};
  if (scope.random().chance(70)) inputs.push_back(scope.integers({scope.random().between(-1, 0)}));
  const double count = scope.elements(x) + 1;
  const Fact& fact = scope.fact(x);
  const double bound = op == "ReduceSumSquare"                 ? count * fact.bound * fact.bound
                       : op == "ReduceSum" || op == "ReduceL1" ? count * fact.bound
                                                               : fact.bound;
  scope.add(op, inputs, attributes,
            {bound, count * fact.error + spacing(scope.element(x)) * bound});
}

void softmax(RandomScope& scope) {
  const ValueId x = pick_reducible(scope, false);
  if (x == no_value) return;
  Attributes attributes;
  attributes.set("axis", scope.random().between(-scope.rank(x), scope.rank(x) - 1));
  const double step = spacing(scope.element(x));
  scope.add("Softmax", {x}, attributes,
            {1, 2 * scope.fact(x).error + step * (scope.fact(x).bound + 2)});
}

void cumulate(RandomScope& scope) {
  const ValueId x = pick_reducible(scope, false);
  if (x == no_value) return;
  Attributes attributes;
  attributes.set("exclusive", scope.random().below(2));
  attributes.set("reverse", scope.random().below(2));
  Tensor axis = ints({}, {scope.random().below(scope.rank(x))});
  const double count = scope.elements(x) + 1, bound = count * scope.fact(x).bound;
  scope.add("CumSum", {x, scope.constant(axis, {4, 0})}, attributes,
            {bound, count * scope.fact(x).error + spacing(scope.element(x)) * bound});
}

void arg_extreme(RandomScope& scope) {
  const ValueId x = pick_reducible(scope, true);
  if (x == no_value || may_be_empty(scope, x)) return;
  Attributes attributes;
  attributes.set("axis", scope.random().below(scope.rank(x)));
  attributes.set("keepdims", scope.random().below(2));
  attributes.set("select_last_index", scope.random().below(2));
  scope.add(scope.random().chance(50) ? "ArgMax" : "ArgMin", {x}, attributes, {64, 0});
}

void top_k(RandomScope& scope) {
  const ValueId x = pick_reducible(scope, true);
  if (x == no_value || may_be_empty(scope, x)) return;
  scope.add_all("TopK", {x, scope.integers({1})}, 2, {}, scope.fact(x));
}

}  // namespace

std::span<const RandomRule> reduction_rules() {
  static constexpr RandomRule rules[] = {reduce,   reduce,      reduce, softmax,
                                         cumulate, arg_extreme, top_k};
  return rules;
}

}  // namespace cermet::testing
