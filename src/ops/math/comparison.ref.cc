// Comparisons, tests of one number, and logic: the results are boolean.
#include <algorithm>
#include <cmath>
#include <functional>

#include "ops/math/contents.ref.h"
#include "ops/math/elementwise.ref.h"
#include "ops/math/groups.ref.h"

namespace cermet {
namespace {

std::optional<Dim> as_dim(std::optional<bool> known, bool negated = false) {
  if (!known) return std::nullopt;
  return Dim(*known != negated ? 1 : 0);
}

std::optional<Dim> equal_dims(const Dim& a, const Dim& b) { return as_dim(known_equal(a, b)); }
std::optional<Dim> less_dims(const Dim& a, const Dim& b) { return as_dim(known_less(a, b)); }
std::optional<Dim> greater_dims(const Dim& a, const Dim& b) { return less_dims(b, a); }
std::optional<Dim> at_most_dims(const Dim& a, const Dim& b) {
  return as_dim(known_less(b, a), true);
}
std::optional<Dim> at_least_dims(const Dim& a, const Dim& b) { return at_most_dims(b, a); }

using DimsRule = std::optional<Dim> (*)(const Dim&, const Dim&);

template <DimsRule Rule>
void set_boolean_contents(InferContext& context) {
  set_elementwise_contents(context, ElementType::boolean,
                           [](std::span<const Dim> x) { return Rule(x[0], x[1]); });
}

template <DimsRule Rule>
void infer_comparison(InferContext& context) {
  require_element(context, 0, is_number, "a float or integer type");
  require_same_elements(context, 0, 1);
  infer_broadcast(context, ElementType::boolean);
  set_boolean_contents<Rule>(context);
}

template <class F>
void evaluate_comparison(EvalContext& context) {
  compare_real(context, F());
}

void infer_equal(InferContext& context) {
  require_same_elements(context, 0, 1);
  infer_broadcast(context, ElementType::boolean);
  set_boolean_contents<equal_dims>(context);
}

void equal(EvalContext& context) {
  const ConstTensorView& a = context.input(0);
  const ConstTensorView& b = context.input(1);
  if (a.type != ElementType::string) return compare_real(context, std::equal_to<>());
  const TensorView output = context.output(0);
  const auto a_offsets = broadcast_offsets(a.shape, output.shape);
  const auto b_offsets = broadcast_offsets(b.shape, output.shape);
  for (size_t i = 0; i < a_offsets.size(); ++i)
    output.as<uint8_t>()[i] =
        a.as<std::string>()[a_offsets[i]] == b.as<std::string>()[b_offsets[i]];
}

void infer_logic(InferContext& context) {
  require_element(context, 0, is_boolean, "type boolean");
  require_element(context, 1, is_boolean, "type boolean");
  infer_broadcast(context);
}

void infer_not(InferContext& context) {
  require_element(context, 0, is_boolean, "type boolean");
  infer_unary(context);
  set_elementwise_contents(context, ElementType::boolean,
                           [](std::span<const Dim> x) { return std::optional(Dim(1) - x[0]); });
}

void logical_not(EvalContext& context) {
  map_real(context, [](auto x) { return x == 0 ? decltype(x){1} : decltype(x){0}; });
}

void infer_test(InferContext& context) {
  require_element(context, 0, is_floating, "a float type");
  context.set_output(0, ValueType::tensor(ElementType::boolean, context.input(0).dims));
}

void is_inf(EvalContext& context) {
  const bool positive = context.attributes().integer("detect_positive", 1) != 0;
  const bool negative = context.attributes().integer("detect_negative", 1) != 0;
  map_double(context,
             [&](double x) { return std::isinf(x) && (x > 0 ? positive : negative) ? 1.0 : 0.0; });
}

void is_nan(EvalContext& context) {
  map_double(context, [](double x) { return std::isnan(x) ? 1.0 : 0.0; });
}

constexpr Operator operators[] = {
    {"And", infer_logic, evaluate_comparison<std::logical_and<>>},
    {"Equal", infer_equal, equal},
    {"Greater", infer_comparison<greater_dims>, evaluate_comparison<std::greater<>>},
    {"GreaterOrEqual", infer_comparison<at_least_dims>, evaluate_comparison<std::greater_equal<>>},
    {"IsInf", infer_test, is_inf},
    {"IsNaN", infer_test, is_nan},
    {"Less", infer_comparison<less_dims>, evaluate_comparison<std::less<>>},
    {"LessOrEqual", infer_comparison<at_most_dims>, evaluate_comparison<std::less_equal<>>},
    {"Not", infer_not, logical_not},
    {"Or", infer_logic, evaluate_comparison<std::logical_or<>>},
    {"Xor", infer_logic, evaluate_comparison<std::not_equal_to<>>},
};

}  // namespace

std::span<const Operator> comparison_operators() { return operators; }

}  // namespace cermet
