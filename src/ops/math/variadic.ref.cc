// Max, Min, Sum and Mean of any number of inputs that broadcast.
#include <algorithm>

#include "ops/math/contents.ref.h"
#include "ops/math/elementwise.ref.h"
#include "ops/math/groups.ref.h"

namespace cermet {
namespace {

void infer_variadic(InferContext& context) {
  context.require(context.input_count() > 0, "expected at least one input");
  require_element(context, 0, is_number, "a float or integer type");
  for (size_t i = 1; i < context.input_count(); ++i) require_same_elements(context, 0, i);
  infer_broadcast(context);
}

template <ContentsRule Rule>
void infer_sizes(InferContext& context) {
  infer_variadic(context);
  set_elementwise_contents(context, context.element(0), Rule);
}

std::optional<Dim> smallest(std::span<const Dim> x) {
  Dim result = x[0];
  for (const Dim& other : x.subspan(1)) result = min(result, other);
  return result;
}

std::optional<Dim> largest(std::span<const Dim> x) {
  Dim result = x[0];
  for (const Dim& other : x.subspan(1)) result = max(result, other);
  return result;
}

// f joins what is found so far with the next input; the result is divided by `divisor`.
template <class F>
void fold(EvalContext& context, F f, double divisor = 1) {
  const TensorView output = context.output(0);
  dispatch_real(output.type, [&]<class T>() {
    auto values = load_broadcast<T>(context.input(0), output.shape);
    for (size_t k = 1; k < context.input_count(); ++k) {
      const auto other = load_broadcast<T>(context.input(k), output.shape);
      for (size_t i = 0; i < values.size(); ++i) values[i] = f(values[i], other[i]);
    }
    if (divisor != 1)
      for (T& value : values) value = static_cast<T>(static_cast<double>(value) / divisor);
    store_all(output, values);
  });
}

// NaN wins over numbers.
struct Larger {
  template <class T>
  T operator()(T a, T b) const {
    return a != a || a >= b ? a : b;
  }
};

struct Smaller {
  template <class T>
  T operator()(T a, T b) const {
    return a != a || a <= b ? a : b;
  }
};

struct Plus {
  double operator()(double a, double b) const { return a + b; }
  uint64_t operator()(uint64_t a, uint64_t b) const { return a + b; }
  int64_t operator()(int64_t a, int64_t b) const {
    return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  }
};

void evaluate_max(EvalContext& context) { fold(context, Larger()); }
void evaluate_min(EvalContext& context) { fold(context, Smaller()); }
void evaluate_sum(EvalContext& context) { fold(context, Plus()); }
void evaluate_mean(EvalContext& context) {
  fold(context, Plus(), static_cast<double>(context.input_count()));
}

constexpr Operator operators[] = {
    {"Max", infer_sizes<largest>, evaluate_max},
    {"Mean", infer_variadic, evaluate_mean},
    {"Min", infer_sizes<smallest>, evaluate_min},
    {"Sum", infer_variadic, evaluate_sum},
};

}  // namespace

std::span<const Operator> variadic_operators() { return operators; }

}  // namespace cermet
