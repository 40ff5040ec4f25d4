// Loading and storing single elements of any type through wide types, so that plain kernels are
// written once: double for floats, int64_t, uint64_t (and bool) for integers, complex<double>.
#pragma once

#include <complex>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cermet/tensor.h"

namespace cermet {

// How a float becomes a narrower type.
enum class Rounding : uint8_t {
  nearest_even,  // ties to even
  up,            // towards +infinity (float8e8m0 casts)
  down,          // towards -infinity (float8e8m0 casts)
};

// The value of element `index`; for integer types exact in int64_t / uint64_t. T is one of double,
// int64_t, uint64_t, std::complex<double>; conversions between kinds follow C++ (complex keeps its
// real part). Strings are refused.
template <class T>
T load_element(const ConstTensorView& view, int64_t index);

// Stores `value` as ONNX's Cast does by default: the float8 and float4 types saturate, float8e8m0
// rounds up, the others to nearest even; integers wrap modulo 2^n. Floats are cut towards zero and
// clamp to an integer's range (int64's for the 2- and 4-bit types, which then wrap, as ONNX's cases
// have it); NaN becomes 0. So the result never depends on the machine.
template <class T>
void store_element(const TensorView& view, int64_t index, T value);

// Whole tensors, in bulk.
template <class T>
std::vector<T> load_all(const ConstTensorView& view);
template <class T>
void store_all(const TensorView& view, const std::vector<T>& values);

// The bit pattern of a float format of at most 16 bits, and back. `saturate` clamps a finite value
// out of range to the largest finite one, and in formats of 8 bits or fewer infinity too; otherwise
// it becomes infinity or NaN as the format has. float8e8m0 takes magnitudes.
uint32_t encode_float(ElementType type, double value, bool saturate = true,
                      Rounding rounding = Rounding::nearest_even);
double decode_float(ElementType type, uint32_t bits);

// A tensor of integers of any integer type as int64; throws naming `what` for other types.
std::vector<int64_t> load_integers(const ConstTensorView& view, std::string_view what);

// Calls f.template operator()<T>() with the wide type that computes `type` without loss.
template <class F>
decltype(auto) dispatch_wide(ElementType type, F&& f) {
  if (is_floating(type)) return f.template operator()<double>();
  if (is_signed_integer(type)) return f.template operator()<int64_t>();
  if (is_unsigned_integer(type) || type == ElementType::boolean)
    return f.template operator()<uint64_t>();
  if (is_complex(type)) return f.template operator()<std::complex<double>>();
  fail(ErrorCode::unsupported, "no arithmetic on elements of type {}", name(type));
}

// As dispatch_wide, for operators without a complex meaning.
template <class F>
decltype(auto) dispatch_real(ElementType type, F&& f) {
  if (is_floating(type)) return f.template operator()<double>();
  if (is_signed_integer(type)) return f.template operator()<int64_t>();
  if (is_unsigned_integer(type) || type == ElementType::boolean)
    return f.template operator()<uint64_t>();
  fail(ErrorCode::unsupported, "expected a real number type, got {}", name(type));
}

}  // namespace cermet
