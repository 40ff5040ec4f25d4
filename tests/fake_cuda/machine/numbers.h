// The card's number formats of 16 and 19 bits. Whatever the processor's rounding and flushing is
// set to, results are the card's. Includes nothing.
#pragma once

namespace emulation {

inline float as_float(unsigned bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

inline unsigned as_bits(float value) {
  unsigned bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline float half_to_float(unsigned short bits) {
  const unsigned sign = (bits & 0x8000u) << 16, magnitude = bits & 0x7fffu;
  if (magnitude > 0x7c00u) return as_float(0x7fffffffu);
  if (magnitude == 0x7c00u) return as_float(sign | 0x7f800000u);
  if (magnitude >= 0x400u) return as_float(sign | ((magnitude << 13) + (112u << 23)));
  const float value = static_cast<float>(magnitude) * 0x1p-24f;
  return sign != 0 ? -value : value;
}

// To nearest, ties to even, as all here but the one for tf32. NaN is the card's only one.
inline unsigned short float_to_half(float value) {
  const unsigned bits = as_bits(value), magnitude = bits & 0x7fffffffu;
  const unsigned sign = (bits >> 16) & 0x8000u;
  unsigned result;
  if (magnitude > 0x7f800000u) return 0x7fff;
  if (magnitude >= 0x477ff000u) {  // 65520 is the first that rounds to infinity
    result = 0x7c00u;
  } else if (magnitude >= 0x38800000u) {
    result = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1)) >> 13;
  } else if (magnitude < 0x33000000u) {  // less than half of the smallest
    result = 0;
  } else {
    const unsigned shift = 126 - (magnitude >> 23), mantissa = (magnitude & 0x7fffffu) | 0x800000u;
    result = mantissa >> shift;
    const unsigned rest = mantissa & ((1u << shift) - 1), half = 1u << (shift - 1);
    if (rest > half || (rest == half && (result & 1) != 0)) ++result;
  }
  return static_cast<unsigned short>(sign | result);
}

inline unsigned short float_to_bfloat16(float value) {
  const unsigned bits = as_bits(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fff;
  return static_cast<unsigned short>((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}

// Ties away from zero.
inline unsigned float_to_tf32(float value) {
  const unsigned bits = as_bits(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fffffffu;
  if ((bits & 0x7fffffffu) == 0x7f800000u) return bits;
  return (bits + 0x1000u) & ~0x1fffu;
}

}  // namespace emulation
