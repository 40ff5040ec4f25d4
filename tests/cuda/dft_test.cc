// Fourier transforms on the GPU.
#include "base/scalar.h"
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

std::optional<Tensor> size_of(std::optional<int64_t> size) {
  if (!size) return std::nullopt;
  return Tensor::from(int64, {}, std::vector<int64_t>{*size});
}

KernelCase dft(Tensor x, std::optional<int64_t> length, std::optional<int64_t> axis,
               int64_t inverse = 0, int64_t onesided = 0) {
  Attributes attributes;
  attributes.set("inverse", inverse);
  attributes.set("onesided", onesided);
  KernelCase what = kernel_case(ProblemKind::reference, "DFT",
                                {std::move(x), size_of(length), size_of(axis)}, attributes);
  what.constant = {false, true, true};
  return what;
}

KernelCase stft(Tensor x, int64_t step, std::optional<Tensor> window, std::optional<int64_t> length,
                int64_t onesided = 1) {
  Attributes attributes;
  attributes.set("onesided", onesided);
  KernelCase what =
      kernel_case(ProblemKind::reference, "STFT",
                  {std::move(x), size_of(step), std::move(window), size_of(length)}, attributes);
  what.constant = {false, true, false, true};
  return what;
}

// Of sums of some hundred numbers up to 3.
void check(KernelCase what) {
  const ElementType type = what.inputs[0]->type();
  Tolerance tolerance{1e-5, 1e-4};
  if (type == float64) tolerance = {1e-12, 1e-11};
  if (type == float16) tolerance = {1e-3, 1e-3};
  if (type == bfloat16) tolerance = {1e-2, 1e-3};
  expect_same_on_device(std::move(what), cuda_tactic("cuda.dft"), tolerance);
}

TEST(CudaDft, EveryAxisDirectionAndSide) {
  for (const std::optional<int64_t> axis : {std::optional<int64_t>(), {0}, {1}, {-2}, {-3}})
    for (int64_t inverse : {0, 1})
      for (int64_t onesided : {0, 1})
        for (int64_t parts : {1, 2})
          if (inverse == 1 || onesided == 0 || parts == 1)
            check(dft(random_tensor(float32, {3, 9, 5, parts}), {}, axis, inverse, onesided));
}

TEST(CudaDft, LinesAreCutAndFilledToTheLength) {
  for (int64_t length : {1, 2, 7, 13, 16, 31})
    for (int64_t inverse : {0, 1})
      for (int64_t onesided : {0, 1})
        check(dft(random_tensor(float32, {2, 13, 1}), length, 1, inverse, onesided));
  for (int64_t length : {12, 13, 24, 25, 40})
    check(dft(random_tensor(float32, {2, 13, 2}), length, 1, 1, 1));
}

TEST(CudaDft, EveryTypeAndNothing) {
  for (ElementType type : {float16, bfloat16, float64}) {
    check(dft(random_tensor(type, {2, 33, 2}), {}, {}));
    check(dft(random_tensor(type, {2, 33, 2}), {}, {}, 1, 1));
    check(stft(random_tensor(type, {2, 40, 1}), 5, random_tensor(type, {17}), {}));
  }
  check(dft(Tensor(float32, {0, 8, 1}), {}, 1));
  check(dft(random_tensor(float32, {8, 1}), {}, 0));
  check(dft(random_tensor(float32, {1, 1, 1}), {}, 1));
  check(stft(Tensor(float32, {0, 40, 1}), 5, {}, 16));
}

// Angles of k * n up to 2^26 turns of 1 / 8191.
TEST(CudaDft, LongLinesAreAsExact) {
  KernelCase what = dft(random_tensor(float64, {1, 8191, 1}), {}, 1, 0, 1);
  expect_same_on_device(std::move(what), cuda_tactic("cuda.dft"), {1e-12, 1e-10});
  what = dft(random_tensor(float32, {1, 8191, 1}), {}, 1, 0, 1);
  expect_same_on_device(std::move(what), cuda_tactic("cuda.dft"), {1e-5, 2e-3});
}

TEST(CudaDft, FramesOfEveryKind) {
  for (int64_t onesided : {0, 1}) {
    for (int64_t parts : {1, 2}) {
      if (onesided == 1 && parts == 2) continue;
      const Tensor x = random_tensor(float32, {3, 50, parts});
      check(stft(x, 7, {}, 16, onesided));
      check(stft(x, 7, random_tensor(float32, {15}, -1, 1, 2), {}, onesided));
      check(stft(x, 1, random_tensor(float32, {15}, -1, 1, 2), 15, onesided));
      check(stft(x, 3, {}, {}, onesided));
      check(stft(x, 60, {}, 50, onesided));
    }
    check(stft(random_tensor(float32, {3, 50}), 7, {}, 16, onesided));
  }
}

TEST(CudaDft, SizesHaveToBeConstants) {
  KernelCase what = dft(random_tensor(float32, {2, 8, 1}), 8, 1);
  what.constant = {false, false, true};
  EXPECT_NE(rejection(what, cuda_tactic("cuda.dft")).find("dft_length is no constant"),
            std::string::npos);
  what.constant = {false, true, false};
  EXPECT_NE(rejection(what, cuda_tactic("cuda.dft")).find("the axis is no constant"),
            std::string::npos);
  what = stft(random_tensor(float32, {2, 40, 1}), 5, {}, 16);
  what.constant = {false, false, false, true};
  EXPECT_NE(rejection(what, cuda_tactic("cuda.dft")).find("frame_step is no constant"),
            std::string::npos);
  what.constant = {false, true, false, false};
  EXPECT_NE(rejection(what, cuda_tactic("cuda.dft")).find("frame_length is no constant"),
            std::string::npos);
}

}  // namespace
}  // namespace cermet
