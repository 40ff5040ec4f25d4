#include "base/scalar.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/float_format.h"

namespace cermet {
namespace {

// The C++ type that lies in memory; void where elements are codes (packed or small floats).
template <ElementType E>
struct Storage {
  using type = void;
};
template <>
struct Storage<ElementType::float32> {
  using type = float;
};
template <>
struct Storage<ElementType::float64> {
  using type = double;
};
template <>
struct Storage<ElementType::int8> {
  using type = int8_t;
};
template <>
struct Storage<ElementType::int16> {
  using type = int16_t;
};
template <>
struct Storage<ElementType::int32> {
  using type = int32_t;
};
template <>
struct Storage<ElementType::int64> {
  using type = int64_t;
};
template <>
struct Storage<ElementType::uint8> {
  using type = uint8_t;
};
template <>
struct Storage<ElementType::uint16> {
  using type = uint16_t;
};
template <>
struct Storage<ElementType::uint32> {
  using type = uint32_t;
};
template <>
struct Storage<ElementType::uint64> {
  using type = uint64_t;
};
template <>
struct Storage<ElementType::complex64> {
  using type = std::complex<float>;
};
template <>
struct Storage<ElementType::complex128> {
  using type = std::complex<double>;
};

template <class T>
inline constexpr bool is_complex_v = false;
template <class T>
inline constexpr bool is_complex_v<std::complex<T>> = true;

constexpr int packed_bits(ElementType type) {
  switch (type) {
    case ElementType::uint4:
    case ElementType::int4:
    case ElementType::float4e2m1:
      return 4;
    case ElementType::uint2:
    case ElementType::int2:
      return 2;
    default:
      return 0;
  }
}

constexpr bool is_signed_packed(ElementType type) {
  return type == ElementType::int4 || type == ElementType::int2;
}

// Reads and writes codes of `bits` bits at element `index`, low bits first.
uint32_t read_packed(const void* data, int64_t index, int bits) {
  const int64_t position = index * bits;
  const uint8_t byte = static_cast<const uint8_t*>(data)[position >> 3];
  return static_cast<uint32_t>(byte >> (position & 7)) & ((1u << bits) - 1);
}

void write_packed(void* data, int64_t index, int bits, uint32_t code) {
  const int64_t position = index * bits;
  uint8_t& byte = static_cast<uint8_t*>(data)[position >> 3];
  const uint32_t mask = ((1u << bits) - 1) << (position & 7);
  byte = static_cast<uint8_t>((byte & ~mask) | (code << (position & 7) & mask));
}

template <ElementType E>
uint32_t read_code(const void* data, int64_t index) {
  if constexpr (packed_bits(E) != 0)
    return read_packed(data, index, packed_bits(E));
  else if constexpr (float_format(E).bits() == 8)
    return static_cast<const uint8_t*>(data)[index];
  else
    return static_cast<const uint16_t*>(data)[index];
}

template <ElementType E>
void write_code(void* data, int64_t index, uint32_t code) {
  if constexpr (packed_bits(E) != 0)
    write_packed(data, index, packed_bits(E), code);
  else if constexpr (float_format(E).bits() == 8)
    static_cast<uint8_t*>(data)[index] = static_cast<uint8_t>(code);
  else
    static_cast<uint16_t*>(data)[index] = static_cast<uint16_t>(code);
}

// Towards zero, clamped to the range of To; NaN becomes 0.
template <class To, class From>
To float_to_integer(From value) {
  if (std::isnan(value)) return 0;
  // Both bounds are powers of two (or 0), hence exact in From.
  constexpr From low = static_cast<From>(std::numeric_limits<To>::min());
  const From beyond = std::ldexp(From{1}, std::numeric_limits<To>::digits);
  if (value < low) return std::numeric_limits<To>::min();
  if (value >= beyond) return std::numeric_limits<To>::max();
  return static_cast<To>(value);
}

template <class To, class From>
To convert(const From& value) {
  if constexpr (is_complex_v<From> && is_complex_v<To>)
    return To(static_cast<typename To::value_type>(value.real()),
              static_cast<typename To::value_type>(value.imag()));
  else if constexpr (is_complex_v<From>)
    return convert<To>(value.real());
  else if constexpr (is_complex_v<To>)
    return To(static_cast<typename To::value_type>(value));
  else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>)
    return float_to_integer<To>(value);
  else
    return static_cast<To>(value);
}

[[noreturn]] void refuse(ElementType type) {
  fail(ErrorCode::unsupported, "expected elements that are numbers, got a tensor of type {}",
       name(type));
}

template <ElementType E, class T>
T read(const void* data, int64_t index) {
  using Stored = typename Storage<E>::type;
  if constexpr (!std::is_void_v<Stored>) {
    return convert<T>(static_cast<const Stored*>(data)[index]);
  } else if constexpr (E == ElementType::boolean) {
    return convert<T>(int64_t{static_cast<const uint8_t*>(data)[index] != 0});
  } else if constexpr (float_format(E).exponent_bits != 0) {
    return convert<T>(decode_float(float_format(E), read_code<E>(data, index)));
  } else if constexpr (packed_bits(E) != 0) {
    auto code = static_cast<int64_t>(read_code<E>(data, index));
    constexpr int64_t sign = is_signed_packed(E) ? int64_t{1} << (packed_bits(E) - 1) : 0;
    return convert<T>((code ^ sign) - sign);
  } else {
    refuse(E);
  }
}

// The code of an integer is made from its bits, not from a double that has rounded it already.
template <ElementType E, class T>
uint32_t small_float_code(const T& value) {
  constexpr FloatFormat format = float_format(E);
  constexpr bool saturate = format.bits() <= 8;
  constexpr Rounding rounding = format.has_zero() ? Rounding::nearest_even : Rounding::up;
  if constexpr (std::is_integral_v<T>) {
    const bool negative = value < 0;
    const auto bits = static_cast<uint64_t>(value);
    return encode_parts(format, negative, negative ? 0 - bits : bits, 0, saturate, rounding);
  } else {
    return encode_float(format, convert<double>(value), saturate, rounding);
  }
}

template <ElementType E, class T>
void write(void* data, int64_t index, const T& value) {
  using Stored = typename Storage<E>::type;
  if constexpr (!std::is_void_v<Stored>)
    static_cast<Stored*>(data)[index] = convert<Stored>(value);
  else if constexpr (E == ElementType::boolean)
    static_cast<uint8_t*>(data)[index] = value != T{0} ? 1 : 0;
  else if constexpr (float_format(E).exponent_bits != 0)
    write_code<E>(data, index, small_float_code<E>(value));
  else if constexpr (packed_bits(E) != 0)
    write_code<E>(data, index, static_cast<uint32_t>(convert<int64_t>(value)));
  else
    refuse(E);
}

template <ElementType E, class T>
void read_many(const void* data, int64_t count, T* values) {
  for (int64_t i = 0; i < count; ++i) values[i] = read<E, T>(data, i);
}

template <ElementType E, class T>
void write_many(void* data, int64_t count, const T* values) {
  for (int64_t i = 0; i < count; ++i) write<E, T>(data, i, values[i]);
}

// The functions of one wide type, indexed by element type.
template <class T>
struct Accessors {
  T (*read)(const void*, int64_t);
  void (*write)(void*, int64_t, const T&);
  void (*read_many)(const void*, int64_t, T*);
  void (*write_many)(void*, int64_t, const T*);
};

template <class T, size_t... Types>
constexpr std::array<Accessors<T>, sizeof...(Types)> make_accessors(std::index_sequence<Types...>) {
  return {{{&read<ElementType{Types}, T>, &write<ElementType{Types}, T>,
            &read_many<ElementType{Types}, T>, &write_many<ElementType{Types}, T>}...}};
}

template <class T>
const Accessors<T>& accessors(ElementType type) {
  static constexpr auto table = make_accessors<T>(std::make_index_sequence<element_type_count>());
  const auto index = static_cast<size_t>(type);
  return table[index < table.size() ? index : 0];
}

FloatFormat require_format(ElementType type) {
  const FloatFormat format = float_format(type);
  require(format.exponent_bits != 0, ErrorCode::unsupported,
          "expected a float type of at most 16 bits, got {}", name(type));
  return format;
}

}  // namespace

template <class T>
T load_element(const ConstTensorView& view, int64_t index) {
  return accessors<T>(view.type).read(view.data, index);
}

template <class T>
void store_element(const TensorView& view, int64_t index, T value) {
  accessors<T>(view.type).write(view.data, index, value);
}

template <class T>
std::vector<T> load_all(const ConstTensorView& view) {
  std::vector<T> values(static_cast<size_t>(view.elements()));
  accessors<T>(view.type).read_many(view.data, view.elements(), values.data());
  return values;
}

template <class T>
void store_all(const TensorView& view, const std::vector<T>& values) {
  require(static_cast<size_t>(view.elements()) == values.size(), ErrorCode::internal,
          "storing {} values into a tensor of shape {}", values.size(), to_string(view.shape));
  accessors<T>(view.type).write_many(view.data, view.elements(), values.data());
}

uint32_t encode_float(ElementType type, double value, bool saturate, Rounding rounding) {
  return encode_float(require_format(type), value, saturate, rounding);
}

double decode_float(ElementType type, uint32_t bits) {
  return decode_float(require_format(type), bits);
}

std::vector<int64_t> load_integers(const ConstTensorView& view, std::string_view what) {
  require(is_integer(view.type), ErrorCode::invalid_model,
          "{}: expected a tensor of integers, got {}{}", what, name(view.type),
          to_string(view.shape));
  return load_all<int64_t>(view);
}

template double load_element<double>(const ConstTensorView&, int64_t);
template int64_t load_element<int64_t>(const ConstTensorView&, int64_t);
template uint64_t load_element<uint64_t>(const ConstTensorView&, int64_t);
template std::complex<double> load_element<std::complex<double>>(const ConstTensorView&, int64_t);
template void store_element<double>(const TensorView&, int64_t, double);
template void store_element<int64_t>(const TensorView&, int64_t, int64_t);
template void store_element<uint64_t>(const TensorView&, int64_t, uint64_t);
template void store_element<std::complex<double>>(const TensorView&, int64_t, std::complex<double>);
template std::vector<double> load_all<double>(const ConstTensorView&);
template std::vector<int64_t> load_all<int64_t>(const ConstTensorView&);
template std::vector<uint64_t> load_all<uint64_t>(const ConstTensorView&);
template std::vector<std::complex<double>> load_all<std::complex<double>>(const ConstTensorView&);
template void store_all<double>(const TensorView&, const std::vector<double>&);
template void store_all<int64_t>(const TensorView&, const std::vector<int64_t>&);
template void store_all<uint64_t>(const TensorView&, const std::vector<uint64_t>&);
template void store_all<std::complex<double>>(const TensorView&,
                                              const std::vector<std::complex<double>>&);

}  // namespace cermet
