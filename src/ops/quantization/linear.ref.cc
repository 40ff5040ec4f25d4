#include "ops/quantization/linear.ref.h"

#include <algorithm>
#include <cmath>

#include "ops/quantization/granularity.ref.h"

namespace cermet {
namespace {

// The element type that an attribute names; undefined when it is absent or 0.
ElementType type_attribute(const InferContext& context, std::string_view name) {
  const int64_t type = context.attributes().integer(name, 0);
  context.require(type >= 0 && type < element_type_count, "{}: expected an element type, got {}",
                  name, type);
  return static_cast<ElementType>(type);
}

bool is_quantized(ElementType type) {
  return (is_integer(type) && bit_width(type) <= 16) ||
         (is_floating(type) && bit_width(type) <= 8 && type != ElementType::float8e8m0);
}

// Types that scaling computes in.
bool is_precision(ElementType type) { return is_floating(type) && bit_width(type) >= 16; }

double rounded_to(ElementType type, double value) {
  if (type == ElementType::float64) return value;
  if (type == ElementType::float32) return static_cast<float>(value);
  return decode_float(type, encode_float(type, value, false));
}

struct IntegerRange {
  double low;
  double high;
};

IntegerRange range_of(ElementType type) {
  const int bits = bit_width(type);
  if (is_signed_integer(type)) return {-std::ldexp(1.0, bits - 1), std::ldexp(1.0, bits - 1) - 1};
  return {0, std::ldexp(1.0, bits) - 1};
}

double round_to_even(double x) {
  const double down = std::floor(x);
  const double rest = x - down;
  if (rest != 0.5) return rest < 0.5 ? down : down + 1;
  return std::fmod(down, 2) == 0 ? down : down + 1;
}

// NaN becomes the code 0, as a cast to an integer makes of it.
double quantize_integer(double quotient, double zero, const IntegerRange& range) {
  if (std::isnan(quotient)) return 0;
  return std::clamp(round_to_even(quotient) + zero, range.low, range.high);
}

std::vector<double> zero_points(const EvalContext& context) {
  if (context.has_input(2)) return load_all<double>(context.input(2));
  return std::vector<double>(static_cast<size_t>(context.input(1).elements()));
}

// Packed by store_element, which saturates; only float8 types can be asked not to.
void store_quantized_float(const TensorView& output, int64_t i, double value, bool saturate) {
  if (bit_width(output.type) < 8) return store_element(output, i, value);
  output.as<uint8_t>()[i] = static_cast<uint8_t>(encode_float(output.type, value, saturate));
}

// What the division computes in: the attribute, or the scale's type where that is fit to.
ElementType division_type(const EvalContext& context) {
  const auto named = static_cast<ElementType>(context.attributes().integer("precision", 0));
  if (named != ElementType::undefined) return named;
  const ElementType scale = context.input(1).type;
  return is_precision(scale) ? scale : ElementType::float32;
}

}  // namespace

void infer_quantize(InferContext& context) {
  context.require(is_floating(context.element(0)) || context.element(0) == ElementType::int32,
                  "expected a tensor of floats or int32, got {}", context.input(0).to_string());
  context.require(is_floating(context.element(1)), "scale: expected a float type, got {}",
                  context.input(1).to_string());
  const ElementType precision = type_attribute(context, "precision");
  context.require(precision == ElementType::undefined || is_precision(precision),
                  "precision: expected a float type of 16 bits or more, got {}", name(precision));
  ElementType type = type_attribute(context, "output_dtype");
  if (context.has_input(2)) {
    context.require(type == ElementType::undefined || type == context.element(2),
                    "output_dtype: expected {} as the zero point, got {}", name(context.element(2)),
                    name(type));
    type = context.element(2);
  }
  if (type == ElementType::undefined) type = ElementType::uint8;
  context.require(is_quantized(type), "expected a quantised type of at most 16 bits, got {}",
                  name(type));
  require_granularity(context);
  context.set_output(0, ValueType::tensor(type, context.input(0).dims));
}

void evaluate_quantize(EvalContext& context) {
  const TensorView output = context.output(0);
  const bool saturate = context.attributes().integer("saturate", 1) != 0;
  const ElementType type = division_type(context);
  const auto values = load_all<double>(context.input(0));
  const auto scales = load_all<double>(context.input(1));
  const auto zeros = zero_points(context);
  const auto indices = scale_indices(context);
  const IntegerRange range = range_of(output.type);
  for (size_t i = 0; i < values.size(); ++i) {
    const double scale = rounded_to(type, scales[indices[i]]);
    const double quotient = rounded_to(type, rounded_to(type, values[i]) / scale);
    const double zero = zeros[indices[i]];
    const auto place = static_cast<int64_t>(i);
    if (is_floating(output.type))
      store_quantized_float(output, place, quotient + zero, saturate);
    else
      store_element(output, place, quantize_integer(quotient, zero, range));
  }
}

void infer_dequantize(InferContext& context) {
  const ElementType quantized = context.element(0);
  context.require(is_quantized(quantized) || quantized == ElementType::int32,
                  "expected a tensor of a quantised type or int32, got {}",
                  context.input(0).to_string());
  context.require(is_floating(context.element(1)), "scale: expected a float type, got {}",
                  context.input(1).to_string());
  context.require(!context.has_input(2) || context.element(2) == quantized,
                  "zero point: expected the type {} of the input, got another", name(quantized));
  ElementType type = type_attribute(context, "output_dtype");
  if (type == ElementType::undefined) type = context.element(1);
  context.require(is_precision(type),
                  "expected output_dtype or the scale to name a float type of 16 bits or more, "
                  "got {}",
                  name(type));
  require_granularity(context);
  context.set_output(0, ValueType::tensor(type, context.input(0).dims));
}

void evaluate_dequantize(EvalContext& context) {
  auto values = load_all<double>(context.input(0));
  const auto scales = load_all<double>(context.input(1));
  const auto zeros = zero_points(context);
  const auto indices = scale_indices(context);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = (values[i] - zeros[indices[i]]) * scales[indices[i]];
  store_all(context.output(0), values);
}

void infer_dynamic_quantize(InferContext& context) {
  context.require(context.element(0) == ElementType::float32,
                  "expected a tensor of float32, got {}", context.input(0).to_string());
  context.set_output(0, ValueType::tensor(ElementType::uint8, context.input(0).dims));
  context.set_output(1, ElementType::float32, Dims{});
  context.set_output(2, ElementType::uint8, Dims{});
}

// Arithmetic in float, as the operator's definition has it. Where all elements are 0 any scale is
// right; 1 keeps the quotients finite.
void evaluate_dynamic_quantize(EvalContext& context) {
  const auto values = load_all<double>(context.input(0));
  float low = 0;
  float high = 0;
  for (const double value : values) {
    low = std::min(low, static_cast<float>(value));
    high = std::max(high, static_cast<float>(value));
  }
  const float scale = high == low ? 1.0f : (high - low) / 255.0f;
  const double zero = round_to_even(std::clamp(-low / scale, 0.0f, 255.0f));
  const IntegerRange range = range_of(ElementType::uint8);
  if (context.wants_output(0)) {
    std::vector<double> codes(values.size());
    for (size_t i = 0; i < values.size(); ++i)
      codes[i] = quantize_integer(static_cast<float>(values[i]) / scale, zero, range);
    store_all(context.output(0), codes);
  }
  if (context.wants_output(1)) store_element(context.output(1), 0, static_cast<double>(scale));
  if (context.wants_output(2)) store_element(context.output(2), 0, zero);
}

}  // namespace cermet
