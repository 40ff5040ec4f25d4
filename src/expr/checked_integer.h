// int64 arithmetic that notices overflow, and division that rounds towards minus infinity.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"

namespace cermet {

inline std::optional<int64_t> try_add(int64_t a, int64_t b) {
  int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result)) return std::nullopt;
  return result;
}

inline std::optional<int64_t> try_multiply(int64_t a, int64_t b) {
  int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) return std::nullopt;
  return result;
}

// Nothing when b is 0 or the quotient does not fit.
inline std::optional<int64_t> try_floor_divide(int64_t a, int64_t b) {
  if (b == 0 || (a == INT64_MIN && b == -1)) return std::nullopt;
  return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

inline std::optional<int64_t> try_ceil_divide(int64_t a, int64_t b) {
  if (b == 0 || (a == INT64_MIN && b == -1)) return std::nullopt;
  return a / b + (a % b != 0 && (a % b < 0) == (b < 0));
}

// The remainder of try_floor_divide: it has the sign of b. Nothing when b is 0.
inline std::optional<int64_t> try_floor_modulo(int64_t a, int64_t b) {
  if (b == 0) return std::nullopt;
  if (b == -1) return 0;
  const int64_t remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

// The checked forms throw out_of_range and name both operands.
inline int64_t checked(std::optional<int64_t> result, int64_t a, char op, int64_t b) {
  if (!result) {
    fail(ErrorCode::out_of_range,
         "expected the size {} {} {} to be an integer of 64 bits, got {}; check the model's shapes",
         a, op, b, b == 0 ? "a division by zero" : "an overflow");
  }
  return *result;
}

inline int64_t checked_add(int64_t a, int64_t b) { return checked(try_add(a, b), a, '+', b); }
inline int64_t checked_multiply(int64_t a, int64_t b) {
  return checked(try_multiply(a, b), a, '*', b);
}
inline int64_t checked_floor_divide(int64_t a, int64_t b) {
  return checked(try_floor_divide(a, b), a, '/', b);
}
inline int64_t checked_ceil_divide(int64_t a, int64_t b) {
  return checked(try_ceil_divide(a, b), a, '/', b);
}
inline int64_t checked_floor_modulo(int64_t a, int64_t b) {
  return checked(try_floor_modulo(a, b), a, '%', b);
}

}  // namespace cermet
