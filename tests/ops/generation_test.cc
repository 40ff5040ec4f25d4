#include <cmath>

#include "ops/generation/fourier.ref.h"
#include "tests/ops/operator_case.h"

namespace cermet::testing {
namespace {

TEST(Generation, Ranges) {
  EXPECT_EQ(result("Range", {ints({}, {10}), ints({}, {4}), ints({}, {-2})}), "[3]: 10 8 6");
  EXPECT_EQ(result("Range", {ints({}, {1}), ints({}, {1}), ints({}, {1})}), "[0]:");
  EXPECT_EQ(result("Range", {reals({}, {0}), reals({}, {1}), reals({}, {0.25f})}),
            "[4]: 0 0.25 0.5 0.75");
  EXPECT_THROW(result("Range", {ints({}, {0}), ints({}, {1}), ints({}, {0})}), Error);
  EXPECT_THROW(result("Range", {reals({}, {0}), reals({}, {1}), reals({}, {0})}), Error);
}

TEST(Generation, SeededRandomNumbersRepeat) {
  const Attributes attributes = with({{"shape", std::vector<int64_t>{1000}}, {"seed", 3.0}});
  EXPECT_EQ(result("RandomNormal", {}, attributes), result("RandomNormal", {}, attributes));
  const auto normal = load_all<double>(evaluated("RandomNormal", {}, attributes)[0].tensor.view());
  double sum = 0;
  double squares = 0;
  for (double value : normal) {
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / 1000, 0.0, 0.15);
  EXPECT_NEAR(squares / 1000, 1.0, 0.15);
  EXPECT_FALSE(op("RandomNormal").deterministic);
}

TEST(Generation, DrawsByProbability) {
  const Tensor certain = reals({1, 3}, {-100, 0, -100});
  EXPECT_EQ(result("Multinomial", {certain}, with({{"sample_size", int64_t{4}}})),
            "[1, 4]: 1 1 1 1");
  EXPECT_EQ(result("Bernoulli", {reals({2}, {0, 1})}), "[2]: 0 1");
}

TEST(Generation, FourierTransformsAgreeWithTheSum) {
  for (size_t n : {1, 2, 6, 7, 12, 16, 25, 35}) {
    std::vector<std::complex<double>> x(n);
    for (size_t i = 0; i < n; ++i) x[i] = {std::sin(1.0 + i), static_cast<double>(i % 3)};
    const auto y = fourier_transform(x, false);
    for (size_t k = 0; k < n; ++k) {
      std::complex<double> sum;
      for (size_t i = 0; i < n; ++i) sum += x[i] * std::polar(1.0, -2 * M_PI * i * k / n);
      EXPECT_NEAR(std::abs(sum - y[k]), 0.0, 1e-9) << n;
    }
    const auto back = fourier_transform(y, true);
    for (size_t i = 0; i < n; ++i) EXPECT_NEAR(std::abs(back[i] - x[i]), 0.0, 1e-12);
  }
}

TEST(Generation, InfersSpectra) {
  const auto signal = floats({sym("B"), sym("T"), 1});
  EXPECT_EQ(inferred("DFT", {signal}, with({{"onesided", int64_t{1}}})),
            "float32[B, " + (floor_div(sym("T"), 2) + 1).to_string() + ", 2]");
  EXPECT_EQ(inferred("STFT", {signal, known_scalar(8), floats({16})}),
            "float32[B, " + (floor_div(sym("T") - 16, 8) + 1).to_string() + ", 9, 2]");
  EXPECT_THROW(inferred("DFT", {signal, std::nullopt, known_scalar(2)}), Error);
  EXPECT_THROW(inferred("STFT", {signal, known_scalar(0), floats({16})}), Error);
}

}  // namespace
}  // namespace cermet::testing
