// Cast and BitCast.
#include <cstring>

#include "ops/math/contents.ref.h"
#include "ops/math/elementwise.ref.h"
#include "ops/math/groups.ref.h"
#include "ops/math/number_text.ref.h"

namespace cermet {
namespace {

ElementType target_type(const InferContext& context) {
  const int64_t to = context.attributes().integer("to");
  context.require(to > 0 && to < element_type_count, "to: expected an element type, got {}", to);
  return static_cast<ElementType>(to);
}

std::optional<Rounding> rounding_from_name(std::string_view mode) {
  if (mode == "up") return Rounding::up;
  if (mode == "down") return Rounding::down;
  if (mode == "nearest") return Rounding::nearest_even;
  return std::nullopt;
}

std::optional<Dim> same_dim(std::span<const Dim> x) { return x[0]; }

std::optional<Dim> is_not_zero(std::span<const Dim> x) {
  const auto zero = known_equal(x[0], Dim(0));
  if (!zero) return std::nullopt;
  return Dim(*zero ? 0 : 1);
}

void infer_cast(InferContext& context) {
  const ElementType to = target_type(context);
  context.require(context.input(0).is_tensor(), "expected a tensor, got {}",
                  context.input(0).to_string());
  const std::string mode = context.attributes().text("round_mode", "up");
  context.require(rounding_from_name(mode).has_value(),
                  "round_mode: expected \"up\", \"down\" or \"nearest\", got \"{}\"", mode);
  context.set_output(0, ValueType::tensor(to, context.input(0).dims));
  set_elementwise_contents(context, to, to == ElementType::boolean ? is_not_zero : same_dim);
}

void text_to_number(const ConstTensorView& input, const TensorView& output) {
  for (int64_t i = 0; i < output.elements(); ++i) {
    const ParsedNumber number = parse_number(input.as<std::string>()[i]);
    if (number.kind == ParsedNumber::Kind::integer)
      store_element(output, i, number.integer);
    else if (number.kind == ParsedNumber::Kind::natural)
      store_element(output, i, number.natural);
    else
      store_element(output, i, number.real);
  }
}

void to_text(const ConstTensorView& input, const TensorView& output) {
  for (int64_t i = 0; i < output.elements(); ++i)
    output.as<std::string>()[i] = number_to_text(input, i);
}

bool is_float8(ElementType type) { return is_floating(type) && bit_width(type) == 8; }

// The attributes saturate and round_mode speak about float8 types alone.
void to_float8(EvalContext& context, const TensorView& output) {
  const bool saturate = context.attributes().integer("saturate", 1) != 0;
  const Rounding rounding = output.type == ElementType::float8e8m0
                                ? *rounding_from_name(context.attributes().text("round_mode", "up"))
                                : Rounding::nearest_even;
  const auto values = load_all<double>(context.input(0));
  for (size_t i = 0; i < values.size(); ++i)
    output.as<uint8_t>()[i] =
        static_cast<uint8_t>(encode_float(output.type, values[i], saturate, rounding));
}

void cast(EvalContext& context) {
  const ConstTensorView& input = context.input(0);
  const TensorView output = context.output(0);
  if (input.type == output.type) return copy_elements(input, 0, output, 0, input.elements());
  if (input.type == ElementType::string) return text_to_number(input, output);
  if (output.type == ElementType::string) return to_text(input, output);
  if (is_float8(output.type)) return to_float8(context, output);
  dispatch_wide(input.type, [&]<class T>() { store_all(output, load_all<T>(input)); });
}

void infer_bit_cast(InferContext& context) {
  const ElementType to = target_type(context);
  const ValueType& input = context.input(0);
  context.require(input.is_tensor() && bit_width(input.element) != 0 &&
                      bit_width(input.element) == bit_width(to),
                  "expected elements as wide as {}, got {}", name(to), input.to_string());
  context.set_output(0, ValueType::tensor(to, input.dims));
}

void bit_cast(EvalContext& context) {
  const ConstTensorView& input = context.input(0);
  const TensorView output = context.output(0);
  if (input.bytes() != 0) std::memcpy(output.data, input.data, input.bytes());
}

constexpr Operator operators[] = {
    {"BitCast", infer_bit_cast, bit_cast},
    {"Cast", infer_cast, cast},
};

}  // namespace

std::span<const Operator> cast_operators() { return operators; }

}  // namespace cermet
