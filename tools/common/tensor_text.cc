#include "common/tensor_text.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "common/errors.h"
#include "common/shapes.h"
#include "common/small_float.h"

namespace cermet::tools {
namespace {

template <class T>
T load(const ConstTensorView& tensor, int64_t index) {
  T value;
  std::memcpy(&value, tensor.as<char>() + index * sizeof(T), sizeof(T));
  return value;
}

template <class T>
std::string pair_text(const ConstTensorView& tensor, int64_t index) {
  return fmt::format("({:.6g}, {:.6g})", load<T>(tensor, 2 * index),
                     load<T>(tensor, 2 * index + 1));
}

uint16_t bits_of(const ConstTensorView& tensor, int64_t index) {
  const int width = bit_width(tensor.type);
  if (width == 16) return load<uint16_t>(tensor, index);
  const int64_t per_byte = 8 / width;
  const int bits = tensor.as<uint8_t>()[index / per_byte];
  return static_cast<uint16_t>(bits >> (index % per_byte * width) & ((1 << width) - 1));
}

std::string narrow_text(const ConstTensorView& tensor, int64_t index) {
  const int bits = bits_of(tensor, index);
  if (is_small_float(tensor.type))
    return fmt::format("{:.6g}", decode_small_float(tensor.type, static_cast<uint16_t>(bits)));
  if (tensor.type == ElementType::float8e8m0)
    return bits == 255 ? "nan" : fmt::format("{:.6g}", std::ldexp(1.0, bits - 127));
  const int width = bit_width(tensor.type);
  const bool negative = is_signed_integer(tensor.type) && bits >> (width - 1);
  return fmt::format("{}", negative ? bits - (1 << width) : bits);
}

}  // namespace

std::string element_text(const ConstTensorView& tensor, int64_t index) {
  switch (tensor.type) {
    case ElementType::string:
      return fmt::format("'{}'", tensor.as<std::string>()[index]);
    case ElementType::boolean:
      return load<uint8_t>(tensor, index) ? "true" : "false";
    case ElementType::float32:
      return fmt::format("{:.6g}", load<float>(tensor, index));
    case ElementType::float64:
      return fmt::format("{:.6g}", load<double>(tensor, index));
    case ElementType::complex64:
      return pair_text<float>(tensor, index);
    case ElementType::complex128:
      return pair_text<double>(tensor, index);
    case ElementType::int16:
      return fmt::format("{}", load<int16_t>(tensor, index));
    case ElementType::uint16:
      return fmt::format("{}", load<uint16_t>(tensor, index));
    case ElementType::int32:
      return fmt::format("{}", load<int32_t>(tensor, index));
    case ElementType::uint32:
      return fmt::format("{}", load<uint32_t>(tensor, index));
    case ElementType::int64:
      return fmt::format("{}", load<int64_t>(tensor, index));
    case ElementType::uint64:
      return fmt::format("{}", load<uint64_t>(tensor, index));
    default:
      return narrow_text(tensor, index);
  }
}

std::string first_elements(const ConstTensorView& tensor, int64_t most) {
  const int64_t count = tensor.elements();
  std::string text;
  for (int64_t i = 0; i < std::min(count, most); ++i)
    text += (i > 0 ? " " : "") + element_text(tensor, i);
  return count > most ? text + " ..." : text;
}

std::string value_summary(const Value& value) {
  switch (value.kind) {
    case Value::Kind::tensor:
      return fmt::format("{} {}", name(value.tensor.type()), shape_text(value.tensor.shape()));
    case Value::Kind::sequence:
      return fmt::format("sequence of {}", value.elements.size());
    case Value::Kind::optional:
      break;
  }
  return value.elements.empty() ? "optional, empty"
                                : "optional " + value_summary(value.elements.front());
}

}  // namespace cermet::tools
