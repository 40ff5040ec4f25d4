// What cards do at most, beside what their data sheets say.
#include "backends/cuda/run/peaks.h"

#include <gtest/gtest.h>

namespace cermet {
namespace {

struct DataSheet {
  cuda::Card card;
  DevicePeaks peaks;  // 10^9 a second, as published; 0: not looked at
};

cuda::Card card(const char* product, int major, int minor, int multiprocessors, int mhz,
                int memory_mhz, int bus_bits) {
  return {.product = product,
          .major = major,
          .minor = minor,
          .multiprocessors = multiprocessors,
          .clock_khz = 1000 * mhz,
          .memory_clock_khz = 1000 * memory_mhz,
          .memory_bus_bits = bus_bits};
}

// At the clocks for which the figures are published.
const std::vector<DataSheet> sheets{
    {card("NVIDIA A100-SXM4-40GB", 8, 0, 108, 1410, 1215, 5120),
     {19500, 156000, 312000, 624000, 0, 1555}},
    {card("NVIDIA A10", 8, 6, 72, 1695, 6251, 384), {31200, 62500, 125000, 250000, 0, 600}},
    {card("NVIDIA GeForce RTX 3090", 8, 6, 82, 1695, 9751, 384),
     {35600, 35600, 71000, 284000, 0, 936}},
    {card("Orin", 8, 7, 16, 1300, 0, 256), {5300, 0, 0, 85000, 0, 0}},
    {card("NVIDIA L4", 8, 9, 58, 2040, 6251, 192), {30300, 60000, 121000, 242500, 242500, 300}},
    {card("NVIDIA GeForce RTX 4090", 8, 9, 128, 2520, 10501, 384),
     {82600, 82600, 165200, 660600, 330300, 1008}},
    {card("NVIDIA H100 80GB HBM3", 9, 0, 132, 1830, 2619, 5120),
     {61900, 494700, 989400, 1978900, 1978900, 3350}},
    {card("NVIDIA B200", 10, 0, 148, 1850, 3996, 8192),
     {70000, 1120000, 2250000, 4500000, 4500000, 8000}},
    {card("NVIDIA Thor", 11, 0, 20, 1575, 0, 256), {8060, 0, 0, 0, 517000, 0}},
    {card("NVIDIA GeForce RTX 5090", 12, 0, 170, 2407, 14001, 512),
     {104800, 104800, 209500, 838000, 419000, 1792}},
};

void expect_near(double expected, double got, const std::string& what) {
  if (expected > 0) EXPECT_NEAR(got / expected, 1, 0.04) << what;
}

TEST(CudaPeaks, AreThoseOfDataSheets) {
  for (const auto& [card, expected] : sheets) {
    const auto peaks = cuda::peaks_of(card);
    ASSERT_TRUE(peaks) << card.product;
    expect_near(expected.float32, peaks->float32, card.product + " float32");
    expect_near(expected.tensor_tf32, peaks->tensor_tf32, card.product + " TF32");
    expect_near(expected.tensor_float16, peaks->tensor_float16, card.product + " float16");
    expect_near(expected.tensor_int8, peaks->tensor_int8, card.product + " int8");
    expect_near(expected.tensor_float8, peaks->tensor_float8, card.product + " float8");
    expect_near(expected.bytes, peaks->bytes, card.product + " memory");
  }
}

TEST(CudaPeaks, OfArchitecturesThatTheTableLacks) {
  const auto of = [](int major, int minor) {
    return cuda::peaks_of(card("", major, minor, 1, 1000, 1000, 256));
  };
  EXPECT_FALSE(of(7, 5));
  EXPECT_FALSE(of(13, 0));
  ASSERT_TRUE(of(12, 1));
  EXPECT_EQ(of(12, 1)->tensor_float16, of(12, 0)->tensor_float16);
}

TEST(CudaPeaks, OfTypes) {
  const DevicePeaks peaks{1, 2, 3, 4, 5, 6}, without_float8{1, 2, 3, 4, 0, 6};
  using enum ElementType;
  EXPECT_EQ(peaks.products_of(float32, false), 1);
  EXPECT_EQ(peaks.products_of(float32, true), 2);
  EXPECT_EQ(peaks.products_of(bfloat16, false), 3);
  EXPECT_EQ(peaks.products_of(uint8, false), 4);
  EXPECT_EQ(peaks.products_of(float8e5m2, false), 5);
  EXPECT_EQ(without_float8.products_of(float8e5m2, false), 3);
  EXPECT_EQ(peaks.products_of(float64, true), 0);
  EXPECT_EQ(peaks.arithmetic_of(float16), 1);
  EXPECT_EQ(peaks.arithmetic_of(float64), 0);
  EXPECT_EQ(peaks.arithmetic_of(string), 0);
}

}  // namespace
}  // namespace cermet
