#include "common/random_inputs.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "common/errors.h"
#include "common/small_float.h"

namespace cermet::tools {
namespace {

// SplitMix64: one multiplication chain a number, and the same everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  int64_t below(int64_t limit) {
    return static_cast<int64_t>(next() % static_cast<uint64_t>(limit));
  }
  // The sum of four numbers uniform in +-sqrt(3)/2 has variance 1; only sums, so every machine
  // rounds alike.
  double normal() {
    const uint64_t bits = next();
    int64_t sum = 0;
    for (int i = 0; i < 4; ++i) sum += static_cast<int64_t>(bits >> (16 * i) & 0xFFFF);
    const double uniform = (static_cast<double>(sum) - 2.0 * 65535) / 65535;
    return std::clamp(uniform * 1.7320508075688772, -3.0, 3.0);
  }

 private:
  uint64_t state_;
};

template <class T>
void fill(Tensor& tensor, int64_t count, const std::function<T()>& make) {
  auto* values = tensor.view().as<T>();
  for (int64_t i = 0; i < count; ++i) values[i] = make();
}

template <class T>
void fill_floats(Tensor& tensor, Random& random, int64_t per_element = 1) {
  fill<T>(tensor, per_element * tensor.elements(), [&] { return static_cast<T>(random.normal()); });
}

template <class T>
void fill_integers(Tensor& tensor, Random& random) {
  fill<T>(tensor, tensor.elements(), [&] { return static_cast<T>(random.below(100)); });
}

// Types of at most 16 bits that C++ lacks, and packed ones.
void fill_bits(Tensor& tensor, Random& random) {
  const ElementType type = tensor.type();
  const int width = bit_width(type);
  const auto make = [&]() -> uint16_t {
    if (is_small_float(type)) return encode_small_float(type, random.normal());
    if (type == ElementType::float8e8m0) return static_cast<uint16_t>(125 + random.below(5));
    return static_cast<uint16_t>(random.below(width == 2 ? 2 : 8));
  };
  auto* bytes = tensor.view().as<uint8_t>();
  const int64_t per_byte = std::max(1, 8 / width);
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    const uint16_t bits = make();
    if (width == 16)
      std::memcpy(bytes + 2 * i, &bits, 2);
    else
      bytes[i / per_byte] |= static_cast<uint8_t>(bits << (i % per_byte * width));
  }
}

}  // namespace

Tensor random_tensor(ElementType type, const Shape& shape, uint64_t seed) {
  require(type != ElementType::undefined, ErrorCode::invalid_argument,
          "an input without element type can't be made up; give a file by --input");
  Tensor tensor(type, shape);
  Random random(seed);
  switch (type) {
    case ElementType::float32:
      fill_floats<float>(tensor, random);
      break;
    case ElementType::float64:
      fill_floats<double>(tensor, random);
      break;
    case ElementType::complex64:
      fill_floats<float>(tensor, random, 2);
      break;
    case ElementType::complex128:
      fill_floats<double>(tensor, random, 2);
      break;
    case ElementType::int8:
    case ElementType::uint8:
      fill_integers<uint8_t>(tensor, random);
      break;
    case ElementType::int16:
    case ElementType::uint16:
      fill_integers<uint16_t>(tensor, random);
      break;
    case ElementType::int32:
    case ElementType::uint32:
      fill_integers<uint32_t>(tensor, random);
      break;
    case ElementType::int64:
    case ElementType::uint64:
      fill_integers<uint64_t>(tensor, random);
      break;
    case ElementType::boolean:
      fill<uint8_t>(tensor, tensor.elements(), [&] { return uint8_t(random.below(2)); });
      break;
    case ElementType::string:
      fill<std::string>(tensor, tensor.elements(),
                        [&] { return fmt::format("word{}", random.below(100)); });
      break;
    default:
      fill_bits(tensor, random);
  }
  return tensor;
}

}  // namespace cermet::tools
