#include "ops/generation/range.ref.h"

#include <algorithm>
#include <cmath>

#include "ops/movement/shape_values.ref.h"

namespace cermet {
namespace {

constexpr double most_elements = 1e15;

int64_t float_count(double start, double limit, double delta) {
  const double count = std::ceil((limit - start) / delta);
  require(delta != 0 && !(count > most_elements) && !std::isnan(count), ErrorCode::invalid_model,
          "a range from {} to {} in steps of {} has no end", start, limit, delta);
  return count > 0 ? static_cast<int64_t>(count) : 0;
}

int64_t integer_count(int64_t start, int64_t limit, int64_t delta) {
  require(delta != 0, ErrorCode::invalid_model, "a range in steps of 0 has no end");
  using Wide = __int128;
  const Wide distance = static_cast<Wide>(limit) - start;
  const Wide step = delta;
  const Wide count = step > 0 ? (distance + step - 1) / step : (-distance - step - 1) / -step;
  require(count < static_cast<Wide>(most_elements), ErrorCode::invalid_model,
          "a range from {} to {} in steps of {} is too long", start, limit, delta);
  return count > 0 ? static_cast<int64_t>(count) : 0;
}

// How many elements there are by what is known of start, limit and delta.
std::optional<Dim> known_count(const InferContext& context) {
  std::optional<Dim> terms[3];
  for (size_t i = 0; i < 3; ++i)
    if (const auto contents = context.contents(i); contents && contents->size() == 1)
      terms[i] = contents->front();
  if (terms[0] && terms[1] && terms[2] && terms[2]->is_constant()) {
    const int64_t delta = terms[2]->constant();
    if (terms[0]->is_constant() && terms[1]->is_constant())
      return Dim(integer_count(terms[0]->constant(), terms[1]->constant(), delta));
    context.require(delta != 0, "a range in steps of 0 has no end");
    const Dim distance = delta > 0 ? *terms[1] - *terms[0] : *terms[0] - *terms[1];
    return ceil_div(never_negative(distance) ? distance : max(distance, 0), std::abs(delta));
  }
  if (!is_floating(context.element(0))) return std::nullopt;
  double numbers[3];
  for (size_t i = 0; i < 3; ++i) {
    const auto constant = context.constant(i);
    if (!constant || constant->elements() != 1) return std::nullopt;
    numbers[i] = load_element<double>(*constant, 0);
  }
  return Dim(float_count(numbers[0], numbers[1], numbers[2]));
}

template <class T>
T single(const EvalContext& context, size_t input) {
  context.require(context.input(input).elements() == 1,
                  "input {}: expected one number, got the shape {}", input,
                  to_string(context.input(input).shape));
  return load_element<T>(context.input(input), 0);
}

}  // namespace

void infer_range(InferContext& context) {
  for (size_t i : {1, 2})
    context.require(context.element(i) == context.element(0),
                    "expected start, limit and delta of one type, got {} and {}",
                    name(context.element(0)), name(context.element(i)));
  const auto count = known_count(context);
  context.set_output(0, context.element(0), {count ? *count : context.new_dim("range")});
  const auto start = context.contents(0);
  const auto delta = context.contents(2);
  if (!count || !count->is_constant() || count->constant() > longest_shape || !start || !delta)
    return;
  Dims elements;
  for (int64_t i = 0; i < count->constant(); ++i)
    elements.push_back(start->front() + delta->front() * i);
  context.set_contents(0, std::move(elements));
}

void evaluate_range(EvalContext& context) {
  const ElementType type = context.input(0).type;
  if (is_floating(type)) {
    const double start = single<double>(context, 0);
    const double delta = single<double>(context, 2);
    const int64_t count = float_count(start, single<double>(context, 1), delta);
    const TensorView out = context.output(0, type, {count});
    for (int64_t i = 0; i < count; ++i)
      store_element<double>(out, i, start + static_cast<double>(i) * delta);
    return;
  }
  const auto start = single<int64_t>(context, 0);
  const auto delta = single<int64_t>(context, 2);
  const int64_t count = integer_count(start, single<int64_t>(context, 1), delta);
  const TensorView out = context.output(0, type, {count});
  int64_t value = start;  // stops before it could leave [start, limit)
  for (int64_t i = 0; i < count; ++i) {
    store_element<int64_t>(out, i, value);
    if (i + 1 < count) value += delta;
  }
}

}  // namespace cermet
