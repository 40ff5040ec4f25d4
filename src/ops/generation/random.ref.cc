#include "ops/generation/random.ref.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <random>

namespace cermet {
namespace {

// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
class Random {
 public:
  explicit Random(const Attributes& attributes) {
    if (attributes.has("seed")) {
      state_ = std::bit_cast<uint64_t>(attributes.number("seed"));
    } else {
      std::random_device device;
      state_ = uint64_t{device()} << 32 | device();
    }
  }

  // In [0, 1), with 53 random bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  // Standard normal by Box and Muller's transform.
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }

 private:
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }

  uint64_t state_ = 0;
};

ElementType result_type(const InferContext& context, ElementType otherwise) {
  const int64_t type = context.attributes().integer("dtype", static_cast<int64_t>(otherwise));
  context.require(type > 0 && type < element_type_count, "dtype: {} is not an element type", type);
  return static_cast<ElementType>(type);
}

// Sums of the probabilities of one sample's classes, whose unnormalised logarithms are given.
std::vector<double> cumulative(const double* logits, int64_t classes) {
  const double largest = *std::max_element(logits, logits + classes);
  std::vector<double> sums(classes);
  double sum = 0;
  for (int64_t c = 0; c < classes; ++c) sums[c] = sum += std::exp(logits[c] - largest);
  return sums;
}

}  // namespace

void infer_random(InferContext& context) {
  const auto shape = context.attributes().integers("shape");
  for (int64_t size : shape)
    context.require(size >= 0, "shape: expected sizes of at least 0, got {}", size);
  context.set_output(0, result_type(context, ElementType::float32), to_dims(shape));
}

void infer_random_like(InferContext& context) {
  ValueType type = context.input(0);
  context.require(type.is_tensor(), "expected a tensor, got {}", type.to_string());
  type.element = result_type(context, type.element);
  context.set_output(0, std::move(type));
}

void evaluate_random_normal(EvalContext& context) {
  const double mean = context.attributes().number("mean", 0.0);
  const double scale = context.attributes().number("scale", 1.0);
  Random random(context.attributes());
  const TensorView out = context.output(0);
  for (int64_t i = 0, n = out.elements(); i < n; ++i)
    store_element<double>(out, i, mean + scale * random.normal());
}

void evaluate_random_uniform(EvalContext& context) {
  const double low = context.attributes().number("low", 0.0);
  const double high = context.attributes().number("high", 1.0);
  Random random(context.attributes());
  const TensorView out = context.output(0);
  for (int64_t i = 0, n = out.elements(); i < n; ++i)
    store_element<double>(out, i, low + (high - low) * random.uniform());
}

void evaluate_bernoulli(EvalContext& context) {
  const auto probabilities = load_all<double>(context.input(0));
  Random random(context.attributes());
  const TensorView out = context.output(0);
  for (size_t i = 0; i < probabilities.size(); ++i)
    store_element<double>(out, static_cast<int64_t>(i),
                          random.uniform() < probabilities[i] ? 1.0 : 0.0);
}

void infer_multinomial(InferContext& context) {
  const int64_t samples = context.attributes().integer("sample_size", 1);
  context.require(samples >= 0, "sample_size: expected at least 0, got {}", samples);
  context.require(!context.has_rank(0) || context.rank(0) == 2, "expected 2 dimensions, got {}",
                  context.input(0).to_string());
  const Dim batch = context.has_rank(0) ? context.dims(0)[0] : context.new_dim("batch");
  context.set_output(0, result_type(context, ElementType::int32), {batch, samples});
}

void evaluate_multinomial(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const TensorView out = context.output(0);
  const int64_t classes = in.shape[1];
  const int64_t samples = out.shape[1];
  context.require(classes > 0 || out.elements() == 0, "there is no class to draw");
  const auto logits = load_all<double>(in);
  Random random(context.attributes());
  for (int64_t b = 0; b < in.shape[0] && classes > 0; ++b) {
    const auto sums = cumulative(logits.data() + b * classes, classes);
    for (int64_t s = 0; s < samples; ++s) {
      const auto drawn = std::upper_bound(sums.begin(), sums.end(), random.uniform() * sums.back());
      const int64_t at = std::min<int64_t>(drawn - sums.begin(), classes - 1);
      store_element<int64_t>(out, b * samples + s, at);
    }
  }
}

}  // namespace cermet
