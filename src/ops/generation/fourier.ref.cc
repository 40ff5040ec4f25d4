#include "ops/generation/fourier.ref.h"

#include <cmath>
#include <numbers>

namespace cermet {
namespace {

using Complex = std::complex<double>;

// A transform of `n` elements that are `stride` apart, split by the smallest prime factor of n;
// roots[j] = exp(-+ 2 pi i j / N), of which a transform of n elements uses every (N / n)-th.
struct Transform {
  std::vector<Complex> roots;

  void run(const Complex* in, size_t stride, size_t n, Complex* out) const {
    if (n == 1) {
      *out = *in;
      return;
    }
    size_t factor = 2;
    while (n % factor != 0) factor = factor * factor > n ? n : factor + 1;
    const size_t part = n / factor;
    for (size_t r = 0; r < factor; ++r) run(in + r * stride, stride * factor, part, out + r * part);
    const size_t step = roots.size() / n;
    std::vector<Complex> terms(factor);
    for (size_t k = 0; k < part; ++k) {
      for (size_t r = 0; r < factor; ++r) terms[r] = out[r * part + k];
      for (size_t q = 0; q < factor; ++q) {
        const size_t at = k + q * part;
        Complex sum = terms[0];
        for (size_t r = 1; r < factor; ++r) sum += terms[r] * roots[r * at % n * step];
        out[at] = sum;
      }
    }
  }
};

}  // namespace

std::vector<Complex> fourier_transform(const std::vector<Complex>& x, bool inverse) {
  const size_t n = x.size();
  std::vector<Complex> y(n);
  if (n == 0) return y;
  Transform transform;
  transform.roots.resize(n);
  for (size_t j = 0; j < n; ++j) {
    const double angle = 2.0 * std::numbers::pi * static_cast<double>(j) / static_cast<double>(n);
    transform.roots[j] = std::polar(1.0, inverse ? angle : -angle);
  }
  transform.run(x.data(), 1, n, y.data());
  if (inverse)
    for (Complex& value : y) value /= static_cast<double>(n);
  return y;
}

}  // namespace cermet
