// The element types of tensors. Values equal ONNX's TensorProto.DataType and are permanent.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cermet {

enum class ElementType : uint8_t {
  undefined = 0,
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  uint16 = 4,
  int16 = 5,
  int32 = 6,
  int64 = 7,
  string = 8,
  boolean = 9,
  float16 = 10,
  float64 = 11,
  uint32 = 12,
  uint64 = 13,
  complex64 = 14,
  complex128 = 15,
  bfloat16 = 16,
  float8e4m3fn = 17,
  float8e4m3fnuz = 18,
  float8e5m2 = 19,
  float8e5m2fnuz = 20,
  uint4 = 21,
  int4 = 22,
  float4e2m1 = 23,
  float8e8m0 = 24,
  uint2 = 25,
  int2 = 26,
};
inline constexpr int element_type_count = 27;

// "float32", "int4" ... ; "undefined" for values outside the enumeration.
std::string_view name(ElementType type) noexcept;
// The other way round; nothing for a name that no type has.
std::optional<ElementType> element_type_from_name(std::string_view name) noexcept;

// Width of one element in bits; 2 and 4 for the packed types, 0 for string and undefined.
int bit_width(ElementType type) noexcept;

bool is_floating(ElementType type) noexcept;          // every float format, not complex
bool is_signed_integer(ElementType type) noexcept;    // of 2 bits and more
bool is_unsigned_integer(ElementType type) noexcept;  // boolean is not one
bool is_complex(ElementType type) noexcept;
// Signed or unsigned, of 2 bits and more; boolean is none.
inline bool is_integer(ElementType type) noexcept {
  return is_signed_integer(type) || is_unsigned_integer(type);
}

}  // namespace cermet
