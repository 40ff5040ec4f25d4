// Rules of elementwise operators.
#include <cmath>

#include "tests/support/random_models/random_scope.h"

namespace cermet::testing {
namespace {

using Names = std::vector<std::string>;

// An error of the arguments grows at most so much, and the result is rounded once more.
Fact after(RandomScope& scope, ValueId of, double bound, double error) {
  return {bound, error + spacing(scope.element(of)) * bound};
}

void smooth(RandomScope& scope) {
  static const Names names{"Relu",     "LeakyRelu",   "Tanh",     "Sigmoid",   "Erf",
                           "Softplus", "Sin",         "Cos",      "Atan",      "Elu",
                           "Gelu",     "HardSigmoid", "Softsign", "HardSwish", "Swish"};
  const ValueId x = scope.pick_float();
  if (x == no_value) return;
  Attributes attributes;
  const std::string& op = scope.random().one_of(names);
  if (op == "LeakyRelu" && scope.random().chance(50)) attributes.set("alpha", 0.25);
  const Fact& fact = scope.fact(x);
  scope.add(op, {x}, attributes, after(scope, x, fact.bound + 2, 2 * fact.error));
}

void exact_unary(RandomScope& scope) {
  static const Names names{"Floor", "Ceil", "Round", "Sign", "Neg", "Abs"};
  const ValueId x = scope.pick_exact();
  if (x == no_value) return;
  scope.add(scope.random().one_of(names), {x}, {}, {scope.fact(x).bound + 1, 0});
}

// Singular or steep somewhere, hence on exact values only.
void singular(RandomScope& scope) {
  static const Names names{"Sqrt",  "Log",  "Reciprocal",      "Exp",  "Tan",  "Asin", "Acosh",
                           "Atanh", "Sinh", "ThresholdedRelu", "Acos", "Mish", "Selu", "Softplus"};
  const ValueId x = scope.pick_exact();
  if (x == no_value || scope.fact(x).bound > 6) return;
  scope.add(scope.random().one_of(names), {x}, {}, after(scope, x, 500, 0));
}

void classify(RandomScope& scope) {
  static const Names names{"IsNaN", "IsInf"};
  const ValueId x = scope.pick_exact();
  if (x != no_value) scope.add(scope.random().one_of(names), {x}, {}, {1, 0});
}

void float_binary(RandomScope& scope) {
  static const Names names{"Add", "Add", "Sub", "Sub", "Mul", "Mul", "Max", "Min", "PRelu"};
  const ValueId a = scope.pick_float();
  if (a == no_value) return;
  const ValueId b = scope.partner(a);
  const std::string& op = scope.random().one_of(names);
  const Fact x = scope.fact(a), y = scope.fact(b);
  Fact fact = after(scope, a, x.bound + y.bound, x.error + y.error);
  if (op == "Mul" || op == "PRelu")
    fact = after(scope, a, x.bound * y.bound + x.bound,
                 x.error * (y.bound + 1) + y.error * x.bound + x.error * y.error);
  if ((op == "Max" || op == "Min") && x.exact() && y.exact()) fact.error = 0;
  const bool swapped = op != "PRelu" && scope.random().chance(50);
  scope.add(op, swapped ? std::vector{b, a} : std::vector{a, b}, {}, fact);
}

void division(RandomScope& scope) {
  const ValueId divisor = scope.pick_exact();
  if (divisor == no_value) return;
  const ValueId x = scope.partner(divisor);
  const Fact& fact = scope.fact(x);
  scope.add("Div", {x, divisor}, {}, after(scope, x, fact.bound * 4 + 1, fact.error * 4));
}

void power(RandomScope& scope) {
  const ValueId x = scope.pick_exact();
  if (x == no_value || scope.fact(x).bound > 3) return;
  static const std::vector<ElementType> types{ElementType::float32, ElementType::int64};
  Tensor exponent(scope.random().one_of(types), {});
  store_element<int64_t>(exponent.view(), 0, scope.random().between(-1, 3));
  scope.add("Pow", {x, scope.constant(exponent, {3, 0})}, {}, after(scope, x, 64, 0));
}

void variadic(RandomScope& scope) {
  static const Names names{"Sum", "Mean", "Max", "Min"};
  const ValueId a = scope.pick_float();
  if (a == no_value) return;
  std::vector<ValueId> inputs{a};
  Fact fact = scope.fact(a);
  while (scope.random().chance(50)) {
    inputs.push_back(scope.partner(a));
    fact.bound += scope.fact(inputs.back()).bound;
    fact.error += scope.fact(inputs.back()).error;
  }
  scope.add(scope.random().one_of(names), inputs, {}, after(scope, a, fact.bound, fact.error));
}

void clip(RandomScope& scope) {
  const ValueId x = scope.pick_float();
  if (x == no_value) return;
  const auto limit = [&](double value) {
    if (scope.random().chance(30)) return no_value;
    Tensor tensor(scope.element(x), {});
    store_element<double>(tensor.view(), 0, value);
    return scope.constant(tensor, {2, 0});
  };
  scope.add("Clip", {x, limit(-0.5), limit(1.5)}, {}, scope.fact(x));
}

bool whole(ElementType type) { return is_integer(type) && bit_width(type) >= 8; }

void integer_binary(RandomScope& scope) {
  static const Names names{"Add", "Sub", "Mul",        "Max",       "Min",       "Mod",
                           "Div", "Sub", "BitwiseAnd", "BitwiseOr", "BitwiseXor"};
  const ValueId a = scope.pick([&](ValueId id) { return whole(scope.element(id)); });
  if (a == no_value) return;
  const ValueId b = scope.partner(a);
  const std::string& op = scope.random().one_of(names);
  const double bound = (scope.fact(a).bound + 1) * (scope.fact(b).bound + 1);
  const bool wraps = is_unsigned_integer(scope.element(a));
  std::vector<ValueId> inputs{a, b};
  if (op == "Div" || op == "Mod") {  // division by zero has no meaning
    Tensor divisor(scope.element(a), {});
    store_element<int64_t>(divisor.view(), 0, scope.random().between(1, 4));
    inputs[1] = scope.constant(divisor, {4, 0});
  }
  scope.add(op, inputs, {}, {wraps ? 1e30 : bound, 0});
}

void integer_unary(RandomScope& scope) {
  static const Names names{"Neg", "Abs", "Sign", "BitwiseNot", "Relu"};
  const ValueId x = scope.pick([&](ValueId id) {
    return is_signed_integer(scope.element(id)) && bit_width(scope.element(id)) >= 8;
  });
  if (x != no_value) scope.add(scope.random().one_of(names), {x}, {}, {scope.fact(x).bound + 1, 0});
}

void comparison(RandomScope& scope) {
  static const Names names{"Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"};
  const ValueId a = scope.pick([&](ValueId id) {
    return scope.fact(id).exact() && scope.element(id) != ElementType::boolean;
  });
  if (a == no_value) return;
  const ValueId b = scope.partner(a);
  if (scope.fact(b).exact()) scope.add(scope.random().one_of(names), {a, b}, {}, {1, 0});
}

ValueId pick_boolean(RandomScope& scope) {
  return scope.pick([&](ValueId id) { return scope.element(id) == ElementType::boolean; });
}

void logic(RandomScope& scope) {
  static const Names names{"And", "Or", "Xor"};
  const ValueId a = pick_boolean(scope);
  if (a == no_value) return;
  if (scope.random().chance(30))
    scope.add("Not", {a}, {}, {1, 0});
  else
    scope.add(scope.random().one_of(names), {a, scope.partner(a)}, {}, {1, 0});
}

void where(RandomScope& scope) {
  const ValueId condition = pick_boolean(scope);
  const ValueId a = scope.pick([&](ValueId) { return true; });
  if (condition == no_value || a == no_value) return;
  const ValueId b = scope.partner(a);
  const Fact &x = scope.fact(a), &y = scope.fact(b);
  scope.add("Where", {condition, a, b}, {},
            {std::max(x.bound, y.bound), std::max(x.error, y.error)});
}

void cast(RandomScope& scope) {
  static const std::vector<ElementType> floats{ElementType::float32, ElementType::float64,
                                               ElementType::float16, ElementType::bfloat16};
  static const std::vector<ElementType> others{ElementType::int32, ElementType::int64,
                                               ElementType::int8, ElementType::uint8,
                                               ElementType::boolean};
  const ValueId x = scope.pick([](ValueId) { return true; });
  if (x == no_value) return;
  const Fact& fact = scope.fact(x);
  Attributes attributes;
  if (fact.exact() && scope.random().chance(50)) {
    attributes.set("to", static_cast<int64_t>(scope.random().one_of(others)));
    scope.add("Cast", {x}, attributes, {std::max(fact.bound, 300.0), 0});
  } else if (fact.bound < 1000) {
    const ElementType to = scope.random().one_of(floats);
    attributes.set("to", static_cast<int64_t>(to));
    const bool stays = fact.exact() && fact.bound <= 16 && is_floating(scope.element(x));
    scope.add("Cast", {x}, attributes,
              {fact.bound, stays ? 0 : fact.error + spacing(to) * fact.bound});
  }
}

void quantize(RandomScope& scope) {
  const ValueId x = scope.pick_exact();
  if (x == no_value || scope.element(x) != ElementType::float32) return;
  const ValueId scale = scope.constant(reals({}, {0.5f}), {1, 0});
  Tensor zero(scope.random().chance(50) ? ElementType::uint8 : ElementType::int8, {});
  store_element<int64_t>(zero.view(), 0, scope.random().between(0, 3));
  const ValueId zero_point = scope.constant(zero, {3, 0});
  const ValueId q = scope.add("QuantizeLinear", {x, scale, zero_point}, {}, {300, 0});
  if (q != no_value)
    scope.add("DequantizeLinear", {q, scale, zero_point}, {}, {150, spacing(ElementType::float32)});
}

// Two that must never become one or be computed while building, and what tells them apart.
void random_numbers(RandomScope& scope) {
  if (scope.depth() > 0 || !scope.random().chance(25)) return;
  Attributes shape;
  shape.set("shape", std::vector<int64_t>{4});
  const ValueId a = scope.add("RandomUniform", {}, shape, {1, 1});
  const ValueId b = scope.add("RandomUniform", {}, shape, {1, 1});
  if (a != no_value && b != no_value) scope.add("Equal", {a, b}, {}, {1, 0});
}

// Another value for an attribute.
Attribute changed(RandomScope& scope, const Attribute& attribute) {
  if (const auto* number = std::get_if<double>(&attribute)) return *number + 0.5;
  if (const auto* integer = std::get_if<int64_t>(&attribute)) return int64_t{*integer == 0};
  if (const auto* list = std::get_if<std::vector<int64_t>>(&attribute); list && !list->empty()) {
    auto other = *list;
    std::swap(other.front(), other[scope.random().below(static_cast<int64_t>(other.size()))]);
    return other;
  }
  return attribute;
}

// An operator once more, with the same attributes or nearly so, and the difference of both.
void again(RandomScope& scope) {
  const ValueId old = scope.pick([&](ValueId id) {
    const Node* node = scope.graph().producer(id);
    return node != nullptr && node->subgraphs.empty() && node->outputs.size() == 1 &&
           is_floating(scope.element(id)) && node->op != "RandomUniform";
  });
  if (old == no_value) return;
  const Node& node = *scope.graph().producer(old);
  const Fact fact = scope.fact(old);
  Attributes attributes = node.attributes;
  if (!attributes.all().empty() && scope.random().chance(60)) {
    if (!fact.exact() && node.op != "Transpose" && node.op != "LeakyRelu") return;
    const auto& [name, value] = *attributes.all().begin();
    attributes.set(std::string(name), changed(scope, value));
  }
  const std::vector<ValueId> inputs = node.inputs;
  const ValueId other = scope.add(node.op, inputs, attributes, fact);
  if (other == no_value || !(scope.type(other) == scope.type(old))) return;
  scope.add("Sub", {old, other}, {}, after(scope, old, 2 * fact.bound, 2 * fact.error));
}

}  // namespace

std::span<const RandomRule> elementwise_rules() {
  static constexpr RandomRule rules[] = {
      smooth,     smooth,   exact_unary,   singular,       classify,       float_binary,
      division,   variadic, clip,          float_binary,   float_binary,   integer_binary,
      comparison, logic,    integer_unary, random_numbers, where,          cast,
      quantize,   power,    smooth,        float_binary,   integer_binary, again,
      again,      again};
  return rules;
}

}  // namespace cermet::testing
