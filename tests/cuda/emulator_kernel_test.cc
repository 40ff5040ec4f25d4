// The emulator of tests/fake_cuda runs kernels as a card does: barriers, lanes of a warp, products
// of matrices, copies in the background and number formats.
#include <cmath>
#include <numeric>
#include <random>

#include "tests/cuda/emulated_card.h"

namespace cermet::test {
namespace {

class EmulatorKernel : public ::testing::Test {
 protected:
  template <class T>
  std::vector<T> random(size_t count, float scale) {
    std::uniform_real_distribution<float> values(-scale, scale);
    std::vector<T> result(count);
    for (T& value : result) value = static_cast<T>(values(generator_));
    return result;
  }

  EmulatedCard card_;
  unsigned seed_ = std::random_device()();
  std::mt19937 generator_{seed_};
  ::testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
};

TEST_F(EmulatorKernel, ReducesWithSharedMemoryAndBarriers) {
  const auto kernel = card_.kernel(R"(
extern "C" __global__ void __launch_bounds__(256) reduce(const float* x, float* y, int64 n) {
  __shared__ float scratch[8];
  float sum = 0;
  for (int64 i = threadIdx.x; i < n; i += 256) sum += x[blockIdx.x * n + i];
  sum = block_reduce<256>(sum, scratch, [](float a, float b) { return a + b; });
  if (threadIdx.x == 255) y[blockIdx.x] = sum;
})",
                                   "reduce");
  const auto x = random<int>(3 * 1000, 100);
  const auto input = card_.upload(std::vector<float>(x.begin(), x.end()));
  const auto output = card_.allocate(3 * sizeof(float));
  for (const char* order : {"reversed=0", "reversed=1"}) {
    const FakeCudaSettings settings(order);
    ASSERT_EQ(card_.launch(kernel, {.blocks = 3, .threads = 256}, input, output, 1000), 0);
    const auto y = card_.download<float>(output, 3);
    for (size_t block = 0; block < 3; ++block) {
      const auto first = x.begin() + static_cast<std::ptrdiff_t>(block * 1000);
      EXPECT_EQ(y[block], static_cast<float>(std::accumulate(first, first + 1000, 0)));
    }
  }
}

TEST_F(EmulatorKernel, WithoutABarrierSharedMemoryIsNan) {
  const auto kernel = card_.kernel(R"(
extern "C" __global__ void race(float* y) {
  __shared__ float values[64];
  values[threadIdx.x] = 1;
  y[threadIdx.x] = values[63 - threadIdx.x];
})",
                                   "race");
  const auto output = card_.allocate(64 * sizeof(float));
  ASSERT_EQ(card_.launch(kernel, {.threads = 64}, output), 0);
  const auto y = card_.download<float>(output, 64);
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_EQ(y[63], 1);
}

TEST_F(EmulatorKernel, LanesExchangeValues) {
  const auto kernel = card_.kernel(R"(
extern "C" __global__ void lanes(int* y) {
  const int lane = lane_id();
  const unsigned all = 0xffffffffu;
  int* mine = y + lane * 10;
  mine[0] = __shfl_sync(all, lane, 5);
  mine[1] = __shfl_sync(all, lane, 9, 8);
  mine[2] = __shfl_up_sync(all, lane, 3u);
  mine[3] = __shfl_down_sync(all, lane, 3u, 16);
  mine[4] = __shfl_xor_sync(all, lane, 6);
  mine[5] = static_cast<int>(__ballot_sync(all, lane % 3 == 0));
  mine[6] = static_cast<int>(__shfl_xor_sync(all, static_cast<double>(lane), 1) * 2);
  if (lane < 16)
    mine[7] = __shfl_sync(0x0000ffffu, lane, 7);
  else
    mine[7] = __shfl_sync(0xffff0000u, lane, 20);
  mine[8] = __any_sync(all, lane == 31) * 2 + __all_sync(all, lane < 31);
  if (lane % 2 == 1) return;
  mine[9] = __shfl_xor_sync(0x55555555u, lane, 2);
})",
                                   "lanes");
  const auto output = card_.allocate(320 * sizeof(int));
  ASSERT_EQ(card_.launch(kernel, {}, output), 0);
  const auto y = card_.download<int>(output, 320);
  for (int lane = 0; lane < 32; ++lane) {
    const int* mine = &y[static_cast<size_t>(lane) * 10];
    EXPECT_EQ(mine[0], 5);
    EXPECT_EQ(mine[1], lane / 8 * 8 + 1);
    EXPECT_EQ(mine[2], lane < 3 ? lane : lane - 3);
    EXPECT_EQ(mine[3], lane % 16 < 13 ? lane + 3 : lane);
    EXPECT_EQ(mine[4], lane ^ 6);
    EXPECT_EQ(mine[5], 0x49249249);
    EXPECT_EQ(mine[6], (lane ^ 1) * 2);
    EXPECT_EQ(mine[7], lane < 16 ? 7 : 20);
    EXPECT_EQ(mine[8], 2);
    if (lane % 2 == 0) {
      EXPECT_EQ(mine[9], lane ^ 2);
    }
  }
}

// Loads the fragments as PTX's manual draws them; T is what memory holds, N of them a word.
std::string product_text(const std::string& name, const std::string& type, int per_word,
                         const std::string& result) {
  return "constexpr int N = " + std::to_string(per_word) + ", K = 8 * N; using T = " + type +
         "; using D = " + result + R"(;
__device__ unsigned word(const T* first, int stride) {
  unsigned bits = 0;
  for (int i = 0; i < N; ++i)
    bits |= static_cast<unsigned>(first[i * stride]) << (32 / N * i % 32);
  return bits;
}
extern "C" __global__ void product(const T* a, const T* b, D* d) {
  const int group = lane_id() / 4, t = lane_id() % 4;
  unsigned fa[4], fb[2];
  for (int i = 0; i < 4; ++i) fa[i] = word(a + (group + i % 2 * 8) * K + t * N + i / 2 * 4 * N, 1);
  for (int i = 0; i < 2; ++i) fb[i] = word(b + (t * N + i * 4 * N) * 8 + group, 8);
  D sums[4];
  for (int i = 0; i < 4; ++i) sums[i] = d[(group + i / 2 * 8) * 8 + t * 2 + i % 2];
  )" + name +
         R"((sums, fa, fb);
  for (int i = 0; i < 4; ++i) d[(group + i / 2 * 8) * 8 + t * 2 + i % 2] = sums[i];
})";
}

template <class Element, class Sum, class ToBits>
void check_product(EmulatedCard& card, const std::string& text, const std::vector<Element>& a,
                   const std::vector<Element>& b, const std::vector<Sum>& before, ToBits to_bits) {
  const auto bits_of = [&](const std::vector<Element>& values) {
    std::vector<decltype(to_bits(values[0]))> bits;
    for (const Element value : values) bits.push_back(to_bits(value));
    return card.upload(bits);
  };
  const auto output = card.upload(before);
  ASSERT_EQ(card.launch(card.kernel(text, "product"), {}, bits_of(a), bits_of(b), output), 0);
  const auto d = card.download<Sum>(output, before.size());
  const size_t deep = a.size() / 16;
  for (size_t row = 0; row < 16; ++row)
    for (size_t column = 0; column < 8; ++column) {
      double sum = before[row * 8 + column];
      for (size_t k = 0; k < deep; ++k)
        sum += static_cast<double>(a[row * deep + k]) * b[k * 8 + column];
      EXPECT_NEAR(d[row * 8 + column], sum, 1e-4) << row << ", " << column;
    }
}

uint32_t bits_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// Whole numbers are exact in every format; those up to 15 in halves of them too.
TEST_F(EmulatorKernel, ProductsOfMatrices) {
  const auto halves = [&](size_t count) {
    auto values = random<float>(count, 30);
    for (float& value : values) value = std::trunc(value) / 2;
    return values;
  };
  const auto before = random<float>(128, 10);
  const auto to_half = [](float value) {
    if (value == 0) return uint16_t{0};
    int exponent = 0;
    const float mantissa = std::frexp(std::fabs(value), &exponent);
    return static_cast<uint16_t>((value < 0 ? 0x8000 : 0) + ((exponent + 14) << 10) +
                                 static_cast<int>(mantissa * 2048) - 1024);
  };
  check_product(card_, product_text("mma_f16", "unsigned short", 2, "float"), halves(256),
                halves(128), before, to_half);
  check_product(card_, product_text("mma_bf16", "unsigned short", 2, "float"), halves(256),
                halves(128), before,
                [](float value) { return static_cast<uint16_t>(bits_of(value) >> 16); });
  // The lower bits of TF32 are not read.
  check_product(card_, product_text("mma_tf32", "unsigned", 1, "float"), halves(128), halves(64),
                before, [](float value) { return bits_of(value) | 0x1fff; });
  check_product(card_, product_text("mma_s8", "unsigned char", 4, "int"), random<int8_t>(512, 127),
                random<int8_t>(256, 127), random<int>(128, 1000),
                [](int8_t value) { return static_cast<uint8_t>(value); });
}

TEST_F(EmulatorKernel, LoadsMatricesForProducts) {
  // As a GEMM does: `a` by rows, `b` by rows too and so transposed.
  const auto kernel = card_.kernel(R"(
extern "C" __global__ void product(const unsigned short* a, const unsigned short* b, float* d) {
  unsigned short* as = reinterpret_cast<unsigned short*>(dynamic_shared_memory);
  unsigned short* bs = as + 16 * 24;
  const int lane = lane_id();
  for (int i = lane; i < 256; i += 32) as[i / 16 * 24 + i % 16] = a[i];
  for (int i = lane; i < 256; i += 32) bs[i / 16 * 24 + i % 16] = b[i];
  __syncwarp();
  unsigned fa[4], fb[4];
  load_matrices(fa, as + lane % 16 * 24 + lane / 16 * 8);
  load_matrices_transposed(fb, bs + lane % 16 * 24 + lane / 16 * 8);
  for (int half = 0; half < 2; ++half) {
    float sums[4] = {0, 0, 0, 0};
    const unsigned side[2] = {fb[half * 2], fb[half * 2 + 1]};
    mma_bf16(sums, fa, side);
    for (int i = 0; i < 4; ++i)
      d[(lane / 4 + i / 2 * 8) * 16 + half * 8 + lane % 4 * 2 + i % 2] = sums[i];
  }
})",
                                   "product");
  const auto a = random<int>(256, 100), b = random<int>(256, 100);
  const auto upload = [&](const std::vector<int>& values) {
    std::vector<uint16_t> bits;
    for (const int value : values)
      bits.push_back(static_cast<uint16_t>(bits_of(static_cast<float>(value)) >> 16));
    return card_.upload(bits);
  };
  const auto output = card_.allocate(256 * sizeof(float));
  ASSERT_EQ(card_.launch(kernel, {.dynamic_bytes = 2 * 16 * 24 * 2}, upload(a), upload(b), output),
            0);
  const auto d = card_.download<float>(output, 256);
  for (size_t row = 0; row < 16; ++row)
    for (size_t column = 0; column < 16; ++column) {
      int sum = 0;
      for (size_t k = 0; k < 16; ++k) sum += a[row * 16 + k] * b[k * 16 + column];
      EXPECT_EQ(d[row * 16 + column], static_cast<float>(sum)) << row << ", " << column;
    }
}

TEST_F(EmulatorKernel, CopiesInTheBackgroundArriveWithTheWait) {
  const auto kernel = card_.kernel(R"(
extern "C" __global__ void copies(const float* x, float* y) {
  float* shared = reinterpret_cast<float*>(dynamic_shared_memory);
  async_copy<16>(shared, x, true);
  async_commit();
  async_copy<4>(shared + 4, x + 4, true);
  async_copy<8>(shared + 6, x + 6, false);
  async_commit();
  y[0] = shared[0];
  async_wait<1>();
  y[1] = shared[3];
  y[2] = shared[4];
  async_wait<0>();
  for (int i = 0; i < 5; ++i) y[3 + i] = shared[i];
  y[8] = shared[6];
  y[9] = shared[7];
})",
                                   "copies");
  const auto input = card_.upload(std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8});
  const auto output = card_.allocate(40);
  ASSERT_EQ(card_.launch(kernel, {.threads = 1, .dynamic_bytes = 32}, input, output), 0);
  const auto y = card_.download<float>(output, 10);
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_EQ(y[1], 4);
  EXPECT_TRUE(std::isnan(y[2]));
  EXPECT_EQ(std::vector<float>(y.begin() + 3, y.end()), (std::vector<float>{1, 2, 3, 4, 5, 0, 0}));
}

double half_value(unsigned bits) {
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  const int exponent = static_cast<int>(bits >> 10 & 31), mantissa = static_cast<int>(bits & 1023);
  if (exponent == 31) return mantissa == 0 ? sign * INFINITY : NAN;
  return sign *
         (exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25));
}

TEST_F(EmulatorKernel, EveryHalf) {
  const auto kernel = card_.kernel(R"(
extern "C" __global__ void halves(float* values, const float* x, unsigned short* y, int64 n) {
  const int64 i = static_cast<int64>(blockIdx.x) * 256 + threadIdx.x;
  if (i < 65536) values[i] = half_to_float(static_cast<unsigned short>(i));
  if (i < n) y[i] = float_to_half(x[i]);
})",
                                   "halves");
  // Each value, the middle between it and the next, and the floats beside the middle.
  std::vector<float> x;
  std::vector<uint16_t> expected;
  for (unsigned bits = 0; bits < 0x7c00; ++bits) {
    // Where the next is infinity, its place is that of the number that it takes.
    const double value = half_value(bits), next = bits == 0x7bff ? 65536 : half_value(bits + 1);
    const auto middle = static_cast<float>((value + next) / 2);
    const unsigned even = bits + (bits & 1);
    for (const unsigned sign : {0u, 0x8000u}) {
      const float factor = sign != 0 ? -1 : 1;
      for (const auto& [number, rounded] :
           {std::pair(static_cast<float>(value), bits), std::pair(middle, even),
            std::pair(std::nextafter(middle, 0.0f), bits),
            std::pair(std::nextafter(middle, INFINITY), bits + 1)}) {
        x.push_back(number * factor);
        expected.push_back(static_cast<uint16_t>(rounded | sign));
      }
    }
  }
  for (const float number : {INFINITY, 1e9f, -INFINITY}) {
    x.push_back(number);
    expected.push_back(number > 0 ? 0x7c00 : 0xfc00);
  }
  const auto values = card_.allocate(65536 * 4), y = card_.allocate(x.size() * 2);
  const auto blocks = static_cast<unsigned>((x.size() + 255) / 256);
  ASSERT_EQ(card_.launch(kernel, {.blocks = blocks, .threads = 256}, values, card_.upload(x), y,
                         x.size()),
            0);
  const auto found = card_.download<float>(values, 65536);
  for (unsigned bits = 0; bits < 65536; ++bits) {
    const double value = half_value(bits);
    if (std::isnan(value))
      ASSERT_TRUE(std::isnan(found[bits])) << bits;
    else
      ASSERT_EQ(bits_of(found[bits]), bits_of(static_cast<float>(value))) << bits;
  }
  const auto rounded = card_.download<uint16_t>(y, x.size());
  for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(rounded[i], expected[i]) << x[i];
}

TEST_F(EmulatorKernel, OtherFormatsRound) {
  const auto kernel = card_.kernel(R"(
extern "C" __global__ void formats(unsigned* y) {
  y[0] = float_to_bfloat16x2(__uint_as_float(0x3f808000u), __uint_as_float(0x3f818000u));
  y[1] = float_to_bfloat16x2(__uint_as_float(0x3f808001u), __uint_as_float(0x7f7fffffu));
  y[2] = float_to_tf32(__uint_as_float(0x3f801000u));
  y[3] = float_to_tf32(__uint_as_float(0xbf800fffu));
  y[4] = float_to_half2(1.0f, -2.0f);
  y[5] = float_to_half(__uint_as_float(0xffc00001u));
  y[6] = float_to_bfloat16(__uint_as_float(0x7f800001u));
  y[7] = __float_as_uint(fast_exp2(-140.0f));
  y[8] = __float_as_uint(fast_exp2(3.0f));
})",
                                   "formats");
  const auto output = card_.allocate(36);
  ASSERT_EQ(card_.launch(kernel, {.threads = 1}, output), 0);
  EXPECT_EQ(card_.download<uint32_t>(output, 9),
            (std::vector<uint32_t>{0x3f823f80, 0x7f803f81, 0x3f802000, 0xbf800000, 0xc0003c00,
                                   0x7fff, 0x7fff, 0, 0x41000000}));
}

TEST_F(EmulatorKernel, Atomics) {
  const auto kernel = card_.kernel(R"(
extern "C" __global__ void atomics(unsigned* y, float* z) {
  atomicAdd(y, 1);
  atomicMax(y + 1, threadIdx.x);
  atomicAdd(z, 0.5f);
})",
                                   "atomics");
  const auto counts = card_.upload(std::vector<uint32_t>{7, 0});
  const auto sum = card_.upload(std::vector<float>{1});
  ASSERT_EQ(card_.launch(kernel, {.blocks = 3, .threads = 96}, counts, sum), 0);
  EXPECT_EQ(card_.download<uint32_t>(counts, 2), (std::vector<uint32_t>{7 + 288, 95}));
  EXPECT_EQ(card_.download<float>(sum, 1)[0], 145);
}

}  // namespace
}  // namespace cermet::test
