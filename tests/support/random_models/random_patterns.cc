// Operators written out, and slices picked out of transposed tensors: nodes that belong together.
#include <cmath>

#include "tests/support/random_models/random_scope.h"

namespace cermet::testing {
namespace {

constexpr auto f32 = ElementType::float32;

Attributes permutation(std::vector<int64_t> axes) {
  Attributes attributes;
  attributes.set("perm", std::move(axes));
  return attributes;
}

// Numbers of a given shape that are not constant: the largest element of a value is added to some.
ValueId numbers(RandomScope& scope, const Shape& shape) {
  const ValueId x = scope.pick([&](ValueId id) {
    return scope.element(id) == f32 && scope.elements(id) > 0 && scope.fact(id).bound < 20 &&
           scope.fact(id).error < 1e-4 && scope.graph().producer(id) != nullptr;
  });
  if (x == no_value) return no_value;
  Attributes attributes;
  attributes.set("keepdims", int64_t{0});
  const Fact fact = scope.fact(x);
  const ValueId largest = scope.add("ReduceMax", {x}, attributes, fact);
  if (largest == no_value) return no_value;
  return scope.add("Add", {largest, scope.constant(f32, shape)}, {},
                   {fact.bound + 2, fact.error + spacing(f32) * (fact.bound + 2)});
}

// [batch, length, heads, size] in that order.
ValueId split_heads(RandomScope& scope, ValueId x, const Shape& heads, std::vector<int64_t> order,
                    bool lengths_first) {
  // Heads are split off a batch that they were joined with.
  if (lengths_first && order == std::vector<int64_t>{0, 2, 1, 3}) {
    const int64_t rows = heads[0] * heads[2];
    x = scope.add("Transpose", {x}, permutation({1, 0, 2}), scope.fact(x));
    x = scope.add("Reshape", {x, scope.integers({heads[1], rows, heads[3]})}, {}, scope.fact(x));
    x = scope.add("Transpose", {x}, permutation({1, 0, 2}), scope.fact(x));
    return scope.add("Reshape", {x, scope.integers({heads[0], heads[2], heads[1], heads[3]})}, {},
                     scope.fact(x));
  }
  const ValueId split = scope.add(
      "Reshape", {x, scope.integers({heads[0], heads[1], heads[2], heads[3]})}, {}, scope.fact(x));
  return scope.add("Transpose", {split}, permutation(std::move(order)), scope.fact(x));
}

void attention(RandomScope& scope) {
  const Shape heads{scope.random().between(1, 2), scope.random().between(4, 6),
                    scope.random().between(1, 3), scope.random().between(33, 35)};
  const ValueId x = numbers(scope, {heads[0], heads[1], heads[2] * heads[3]});
  if (x == no_value) return;
  const bool lengths_first = scope.random().chance(40);
  const bool direct = !lengths_first && scope.random().chance(70);
  const ValueId q = split_heads(scope, x, heads, {0, 2, 1, 3}, lengths_first);
  const ValueId v = split_heads(scope, x, heads, {0, 2, 1, 3}, lengths_first);
  ValueId k = split_heads(scope, x, heads, {0, 2, direct ? 3 : 1, direct ? 1 : 3}, lengths_first);
  if (!direct) k = scope.add("Transpose", {k}, permutation({0, 1, 3, 2}), scope.fact(x));
  const Fact fact = scope.fact(x);
  const double size = static_cast<double>(heads[3]), bound = size * fact.bound * fact.bound;
  const Fact score{bound, 2 * size * fact.bound * fact.error + spacing(f32) * bound};
  ValueId scores = scope.add("MatMul", {q, k}, {}, score);
  if (scope.random().chance(70))
    scores =
        scope.add("Mul", {scores, scope.constant(f32, {})}, {}, {2 * score.bound, 3 * score.error});
  double largest = 2 * score.bound + 2;
  if (scope.random().chance(30)) {
    largest = 3e38;
    // The first key is seen by all.
    Tensor sees = scope.random_tensor(ElementType::boolean, {heads[1], heads[1]});
    for (int64_t i = 0; i < heads[1]; ++i) store_element<double>(sees.view(), i * heads[1], 1);
    const ValueId condition = scope.constant(std::move(sees), {1, 0});
    const ValueId low = scope.constant(reals({}, {-3e38F}), {3e38, 0});
    scores = scope.add("Where", {condition, scores, low}, {}, {largest, scope.fact(scores).error});
  }
  if (scope.random().chance(60))
    scores = scope.add("Add", {scores, scope.constant(f32, {heads[1], heads[1]})}, {},
                       {largest, 4 * score.error});
  const double off = 2 * scope.fact(scores).error + 8 * spacing(f32);
  const ValueId weights = scope.add("Softmax", {scores}, {}, {1, off});
  const ValueId y =
      scope.add("MatMul", {weights, v}, {}, {fact.bound, fact.error + 8 * off * fact.bound});
  if (scope.random().chance(80))
    scope.add("Transpose", {y}, permutation({0, 2, 1, 3}), scope.fact(y));
}

// The operator itself, of heads that are split off and brought to the front.
void attention_of_split_heads(RandomScope& scope) {
  const Shape heads{scope.random().between(1, 2), scope.random().between(2, 4),
                    scope.random().between(1, 3), scope.random().between(1, 4)};
  const ValueId x = numbers(scope, {heads[0], heads[1], heads[2] * heads[3]});
  if (x == no_value) return;
  const bool lengths_first = scope.random().chance(40);
  std::vector<ValueId> operands;
  for (int i = 0; i < 3; ++i)
    operands.push_back(split_heads(scope, x, heads, {0, 2, 1, 3}, lengths_first));
  const Fact fact = scope.fact(x);
  const double size = static_cast<double>(heads[3]), bound = size * fact.bound * fact.bound;
  const double off = 4 * size * fact.bound * fact.error + 16 * spacing(f32) * (bound + 1);
  const ValueId y =
      scope.add("Attention", operands, {}, {fact.bound, fact.error + 8 * off * fact.bound});
  if (scope.random().chance(80))
    scope.add("Transpose", {y}, permutation({0, 2, 1, 3}), scope.fact(y));
}

void picked_slices(RandomScope& scope) {
  const ValueId x = scope.pick([&](ValueId id) {
    return scope.rank(id) >= 3 && (*scope.type(id).dims)[1].is_constant() &&
           (*scope.type(id).dims)[1].constant() > 0;
  });
  if (x == no_value) return;
  std::vector<int64_t> order{1, 2, 0};
  for (int64_t d = 3; d < scope.rank(x); ++d) order.push_back(d);
  const ValueId turned = scope.add("Transpose", {x}, permutation(order), scope.fact(x));
  Attributes first;
  first.set("axis", int64_t{0});
  for (int64_t i = 0; i < (*scope.type(x).dims)[1].constant(); ++i)
    scope.add("Gather", {turned, scope.constant(ints({}, {i}), {64, 0})}, first, scope.fact(x));
}

ValueId number(RandomScope& scope, float value) {
  return scope.constant(reals({}, {value}), {std::fabs(value), 0});
}

// Errors of a few operations on numbers of at most `bound`.
Fact rounded(const Fact& x, double bound) {
  return {bound, 8 * x.error + 16 * spacing(f32) * (bound + 1)};
}

void activation(RandomScope& scope) {
  const ValueId x = numbers(scope, {scope.random().between(1, 4), 3});
  if (x == no_value) return;
  const Fact fact = scope.fact(x), gate{2, 4 * fact.error + 8 * spacing(f32)};
  const Fact result = {2 * fact.bound, fact.bound * gate.error + 2 * fact.error};
  if (scope.random().chance(40)) {
    const ValueId sigmoid = scope.add("Sigmoid", {x}, {}, gate);
    scope.add("Mul", {x, sigmoid}, {}, result);
    return;
  }
  const ValueId scaled = scope.add("Div", {x, number(scope, 1.41421356F)}, {}, rounded(fact, 20));
  const ValueId erf = scope.add("Erf", {scaled}, {}, gate);
  const ValueId curve = scope.add("Add", {erf, number(scope, 1)}, {}, gate);
  const ValueId half = scope.add("Mul", {x, number(scope, 0.5F)}, {}, fact);
  scope.add("Mul", {half, curve}, {}, result);
}

void softmax(RandomScope& scope) {
  const ValueId x = numbers(scope, {2, scope.random().between(1, 5)});
  if (x == no_value) return;
  const Fact fact = scope.fact(x), powers{1, 4 * fact.error + 64 * spacing(f32)};
  const ValueId axes = scope.integers({1});
  const ValueId top = scope.add("ReduceMax", {x, axes}, {}, fact);
  const ValueId e =
      scope.add("Exp", {scope.add("Sub", {x, top}, {}, rounded(fact, 2 * fact.bound))}, {}, powers);
  const ValueId sum = scope.add("ReduceSum", {e, axes}, {}, {5, 5 * powers.error});
  scope.add("Div", {e, sum}, {}, {1, 8 * powers.error});
}

// With an epsilon of 1, so that errors stay small.
void normalization(RandomScope& scope) {
  const ValueId x = numbers(scope, {2, scope.random().between(2, 5)});
  if (x == no_value) return;
  const Fact fact = scope.fact(x);
  const ValueId axes = scope.integers({-1});
  ValueId d = x;
  if (scope.random().chance(60))
    d = scope.add("Sub", {x, scope.add("ReduceMean", {x, axes}, {}, rounded(fact, fact.bound))}, {},
                  rounded(fact, 2 * fact.bound));
  const double size = 2 * fact.bound, error = scope.fact(d).error;
  const Fact square{size * size, 4 * size * error + 8 * spacing(f32) * size * size};
  ValueId root = scope.add("Mul", {d, d}, {}, square);
  root = scope.add("ReduceMean", {root, axes}, {}, square);
  root = scope.add("Add", {root, number(scope, 1)}, {}, square);
  root = scope.add("Sqrt", {root}, {}, square);
  scope.add("Div", {d, root}, {}, {3, error + size * square.error});
}

}  // namespace

std::span<const RandomRule> pattern_rules() {
  static constexpr RandomRule rules[] = {
      attention, attention_of_split_heads, picked_slices, activation, softmax, normalization};
  return rules;
}

}  // namespace cermet::testing
