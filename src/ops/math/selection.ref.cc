// Elements handed on, chosen or limited: Identity, Where, Clip, Dropout.
#include <random>

#include "ops/math/contents.ref.h"
#include "ops/math/elementwise.ref.h"
#include "ops/math/groups.ref.h"

namespace cermet {
namespace {

void infer_identity(InferContext& context) {
  infer_unary(context);
  if (auto contents = operand_contents(context, 0)) context.set_contents(0, std::move(*contents));
}

void identity(EvalContext& context) {
  if (!context.is_tensor(0)) return context.set_output(0, context.value(0));
  copy_elements(context.input(0), 0, context.output(0), 0, context.input(0).elements());
}

void infer_where(InferContext& context) {
  require_element(context, 0, is_boolean, "type boolean");
  require_same_elements(context, 1, 2);
  infer_broadcast(context, {}, 1);
  set_elementwise_contents(context, context.element(1),
                           [](std::span<const Dim> x) -> std::optional<Dim> {
                             if (x[1] == x[2]) return x[1];
                             if (!x[0].is_constant()) return std::nullopt;
                             return x[0].is_constant(0) ? x[2] : x[1];
                           });
}

// Copies elements one by one, so that every type keeps its bits.
void where(EvalContext& context) {
  const TensorView output = context.output(0);
  const auto chosen = load_broadcast<uint64_t>(context.input(0), output.shape);
  const auto yes = broadcast_offsets(context.input(1).shape, output.shape);
  const auto no = broadcast_offsets(context.input(2).shape, output.shape);
  for (size_t i = 0; i < chosen.size(); ++i) {
    const bool first = chosen[i] != 0;
    copy_elements(context.input(first ? 1 : 2), first ? yes[i] : no[i], output,
                  static_cast<int64_t>(i), 1);
  }
}

void infer_clip(InferContext& context) {
  infer_number(context);
  for (size_t i = 1; i <= 2; ++i) {
    if (!context.has_input(i)) continue;
    require_same_elements(context, 0, i);
    if (!context.has_rank(i)) continue;
    const Dim count = product(context.dims(i));
    context.require(!count.is_constant() || count.is_constant(1),
                    "input {}: expected a scalar, got {}", i, context.input(i).to_string());
  }
}

void clip(EvalContext& context) {
  const TensorView output = context.output(0);
  const auto bound = [&]<class T>(size_t i, T otherwise) {
    if (!context.has_input(i)) return otherwise;
    return load_scalar<T>(context, i);
  };
  dispatch_real(output.type, [&]<class T>() {
    using Limits = std::numeric_limits<T>;
    const T low = bound(1, Limits::has_infinity ? -Limits::infinity() : Limits::lowest());
    const T high = bound(2, Limits::has_infinity ? Limits::infinity() : Limits::max());
    auto values = load_all<T>(context.input(0));
    for (T& value : values) {
      if (value < low) value = low;
      if (value > high) value = high;
    }
    store_all(output, values);
  });
}

void infer_dropout(InferContext& context) {
  require_element(context, 0, is_floating, "a float type");
  infer_unary(context);
  if (context.output_count() > 1)
    context.set_output(1, ValueType::tensor(ElementType::boolean, context.input(0).dims));
}

// Uniform in [0, 1) from 53 bits of two draws, the draws of the seed's Mersenne twister in order:
// the numbers that NumPy draws from the same seed, with which ONNX's own reference works.
class Uniform {
 public:
  explicit Uniform(uint32_t seed) : engine_(seed) {}
  double next() {
    const double high = engine_() >> 5;
    const double low = engine_() >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
  }

 private:
  std::mt19937 engine_;
};

double dropout_ratio(const EvalContext& context) {
  if (context.has_input(2) && load_scalar<uint64_t>(context, 2) != 0) {
    const double ratio = context.has_input(1) ? load_scalar<double>(context, 1) : 0.5;
    context.require(ratio >= 0 && ratio < 1, "ratio: expected a number in [0, 1), got {}", ratio);
    return ratio;
  }
  return 0;
}

void dropout(EvalContext& context) {
  const double ratio = dropout_ratio(context);
  auto values = load_all<double>(context.input(0));
  std::vector<uint64_t> mask(values.size(), 1);
  if (ratio > 0) {
    const bool seeded = context.attributes().has("seed");
    Uniform random(seeded ? static_cast<uint32_t>(context.attributes().integer("seed"))
                          : std::random_device()());
    for (size_t i = 0; i < values.size(); ++i) {
      mask[i] = random.next() >= ratio ? 1 : 0;
      values[i] = mask[i] != 0 ? values[i] / (1 - ratio) : 0;
    }
  }
  if (context.wants_output(0)) store_all(context.output(0), values);
  if (context.output_count() > 1 && context.wants_output(1)) store_all(context.output(1), mask);
}

constexpr Operator operators[] = {
    {"Clip", infer_clip, clip},
    {"Dropout", infer_dropout, dropout, "", false},
    {"Identity", infer_identity, identity},
    {"Where", infer_where, where},
};

}  // namespace

std::span<const Operator> selection_operators() { return operators; }

}  // namespace cermet
