#include "builder/rounding.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/parallel.h"
#include "base/scalar.h"
#include "builder/grid.h"

namespace cermet {
namespace {

// Half the distance of numbers near 1. Sums are computed in float32 or wider.
double unit_of(ElementType type) {
  switch (type) {
    case ElementType::float64:
      return 0x1p-53;
    case ElementType::float16:
      return 0x1p-11;
    case ElementType::bfloat16:
      return 0x1p-8;
    case ElementType::float32:
      return 0x1p-24;
    default:
      return is_floating(type) ? 0x1p-3 : 0;
  }
}

double sum_error(ElementType type, int64_t summands) {
  const double unit = type == ElementType::float64 ? 0x1p-53 : 0x1p-24;
  return summands > 0 && is_floating(type) ? unit * std::sqrt(static_cast<double>(summands)) : 0;
}

}  // namespace

double rounding_error(const KernelRounding& rounding) {
  const ElementType type = rounding.type;
  const bool sums = rounding.summands > 0 && is_floating(type);
  // TF32 has as many digits as float16.
  const bool tf32 = rounding.tf32 && type == ElementType::float32;
  return 8 * unit_of(type) + 8 * sum_error(type, rounding.summands) + (sums ? 0x1p-19 : 0) +
         (sums && tf32 ? 8 * unit_of(ElementType::float16) : 0);
}

double smallest_error(ElementType type) { return type == ElementType::float16 ? 8 * 0x1p-25 : 0; }

void shake_rounding(const TensorView& tensor, ElementType type, int64_t summands, uint64_t seed,
                    int direction) {
  if (!is_floating(tensor.type)) return;
  std::vector<double> numbers = load_all<double>(tensor);
  double largest = 0;
  for (double number : numbers)
    if (std::isfinite(number)) largest = std::max(largest, std::abs(number));
  SeededNumbers random(seed);
  const double unit = unit_of(type), sum = sum_error(tensor.type, summands) * largest;
  for (double& number : numbers) {
    double part = random.real(-1, 1);
    part = direction * (part + (part < 0 ? -0.5 : 0.5));
    number += part * (2 * unit * std::abs(number) + sum);
  }
  store_all(tensor, numbers);
}

Tensor in_type(Tensor tensor, ElementType type) {
  if (tensor.type() == type || !is_floating(type)) return tensor;
  Tensor result(type, tensor.shape());
  const TensorView to = result.view();
  if (bit_width(type) < 8 || bit_width(tensor.type()) < 8) {  // several elements share a byte
    store_all(to, load_all<double>(tensor.view()));
    return result;
  }
  constexpr int64_t least = 1 << 16;
  in_parallel(tensor.elements(), least, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      store_element<double>(to, i, load_element<double>(std::as_const(tensor).view(), i));
  });
  return result;
}

Tensor rounded(Tensor tensor, ElementType narrow) {
  if (narrow == ElementType::undefined || tensor.type() != ElementType::float32) return tensor;
  return in_type(in_type(std::move(tensor), narrow), ElementType::float32);
}

}  // namespace cermet
