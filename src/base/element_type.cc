#include "cermet/element_type.h"

#include <array>

namespace cermet {
namespace {

enum class Class : uint8_t { none, floating, signed_integer, unsigned_integer, complex, boolean };

struct Row {
  std::string_view name;
  int bits;
  Class kind;
};

// Indexed by ElementType.
constexpr std::array<Row, element_type_count> rows = {{
    {"undefined", 0, Class::none},
    {"float32", 32, Class::floating},
    {"uint8", 8, Class::unsigned_integer},
    {"int8", 8, Class::signed_integer},
    {"uint16", 16, Class::unsigned_integer},
    {"int16", 16, Class::signed_integer},
    {"int32", 32, Class::signed_integer},
    {"int64", 64, Class::signed_integer},
    {"string", 0, Class::none},
    {"boolean", 8, Class::boolean},
    {"float16", 16, Class::floating},
    {"float64", 64, Class::floating},
    {"uint32", 32, Class::unsigned_integer},
    {"uint64", 64, Class::unsigned_integer},
    {"complex64", 64, Class::complex},
    {"complex128", 128, Class::complex},
    {"bfloat16", 16, Class::floating},
    {"float8e4m3fn", 8, Class::floating},
    {"float8e4m3fnuz", 8, Class::floating},
    {"float8e5m2", 8, Class::floating},
    {"float8e5m2fnuz", 8, Class::floating},
    {"uint4", 4, Class::unsigned_integer},
    {"int4", 4, Class::signed_integer},
    {"float4e2m1", 4, Class::floating},
    {"float8e8m0", 8, Class::floating},
    {"uint2", 2, Class::unsigned_integer},
    {"int2", 2, Class::signed_integer},
}};

const Row& row(ElementType type) noexcept {
  const auto index = static_cast<size_t>(type);
  return rows[index < rows.size() ? index : 0];
}

}  // namespace

std::string_view name(ElementType type) noexcept { return row(type).name; }

std::optional<ElementType> element_type_from_name(std::string_view name) noexcept {
  for (size_t i = 1; i < rows.size(); ++i)
    if (rows[i].name == name) return static_cast<ElementType>(i);
  return std::nullopt;
}

int bit_width(ElementType type) noexcept { return row(type).bits; }

bool is_floating(ElementType type) noexcept { return row(type).kind == Class::floating; }

bool is_signed_integer(ElementType type) noexcept {
  return row(type).kind == Class::signed_integer;
}

bool is_unsigned_integer(ElementType type) noexcept {
  return row(type).kind == Class::unsigned_integer;
}

bool is_complex(ElementType type) noexcept { return row(type).kind == Class::complex; }

}  // namespace cermet
