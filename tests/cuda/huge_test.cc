// Kernels on operands of more than 2^31 elements, where CERMET_HUGE is set and the GPU has the
// memory; everywhere on small ones that are made and checked the same way.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

constexpr int64_t period = 65521;  // a prime, so that no size divides it

// Numbers that repeat with the period.
Tensor repeating(ElementType type, const Shape& shape) {
  Tensor tensor(type, shape);
  const int64_t count = tensor.elements();
  for (int64_t i = 0; i < std::min(period, count); ++i) {
    const int64_t number = i * 7919 % 251;
    store_element<double>(tensor.view(), i,
                          is_floating(type) ? static_cast<double>(number - 125) / 64
                          : type == boolean ? static_cast<double>(number % 2)
                                            : static_cast<double>(number % 128));
  }
  auto* const bytes = static_cast<std::byte*>(tensor.view().data);
  for (size_t filled = static_cast<size_t>(std::min(period, count) * bit_width(type) / 8);
       filled < tensor.bytes();) {
    const size_t more = std::min(filled, tensor.bytes() - filled);
    std::memcpy(bytes + filled, bytes, more);
    filled += more;
  }
  return tensor;
}

// Both ends, both sides of 2^31, and places between.
std::vector<int64_t> points_of(int64_t elements) {
  std::vector<int64_t> points;
  const auto add = [&](int64_t first, int64_t count) {
    for (int64_t i = std::max<int64_t>(0, first); i < std::min(elements, first + count); ++i)
      points.push_back(i);
  };
  add(0, 300);
  add((int64_t{1} << 31) - 300, 600);
  add(elements - 300, 300);
  for (int64_t i = 0; i < 4000; ++i) add(elements / 4000 * i + i % 97, 1);
  return points;
}

struct HugeCase {
  std::string_view tactic;
  KernelCase what;
  std::vector<std::pair<ElementType, Shape>> outputs;
  // Of an element of result 0.
  std::function<double(const HugeCase&, int64_t)> expected;
  double tolerance = 0;

  double input(size_t i, int64_t at) const {
    return load_element<double>(what.inputs[i]->view(), at);
  }
};

size_t bytes_of(const HugeCase& huge) {
  size_t bytes = 0;
  for (const auto& input : huge.what.inputs) bytes += input ? input->bytes() : 0;
  for (const auto& [type, shape] : huge.outputs) bytes += byte_size(type, element_count(shape));
  return bytes;
}

void check(const HugeCase& huge) {
  test_device()->use();
  const auto free = static_cast<double>(test_device()->free_bytes());
  // The workspace of some is as large as what they read.
  if (const auto bytes = static_cast<double>(bytes_of(huge)); 1.5 * bytes > free)
    GTEST_SKIP() << fmt::format("takes 1.5 x {:.1f} GB of the GPU's memory, {:.1f} GB are free",
                                bytes / 1e9, free / 1e9);
  const std::vector<Tensor> got = run_on_device(huge.what, cuda_tactic(huge.tactic), huge.outputs);
  int wrong = 0;
  for (int64_t point : points_of(got[0].elements())) {
    const double value = load_element<double>(got[0].view(), point);
    const double expected = huge.expected(huge, point);
    if (std::fabs(value - expected) <= huge.tolerance * (1 + std::fabs(expected))) continue;
    ADD_FAILURE() << huge.tactic << ", element " << point << ": expected " << expected << ", got "
                  << value;
    if (++wrong == 5) return;
  }
}

KernelCase made(ProblemKind kind, std::string op, std::vector<std::optional<Tensor>> inputs,
                Attributes attributes = {}) {
  return kernel_case(kind, std::move(op), std::move(inputs), std::move(attributes));
}

constexpr int64_t line = 4096;

HugeCase sum(int64_t size) {
  const Shape shape{size + 77};
  return {"cuda.pointwise",
          pointwise_case("%0 = input float16 0; %1 = add float16 %0 %0; -> %1",
                         {repeating(float16, shape)}),
          {{float16, shape}},
          [](const HugeCase& h, int64_t i) { return 2 * h.input(0, i); }};
}

HugeCase transpose(int64_t size) {
  const int64_t half = size / 2 + 5;
  Attributes attributes;
  attributes.set("perm", std::vector<int64_t>{1, 0});
  return {"cuda.movement",
          made(ProblemKind::movement, "Transpose", {repeating(uint8, {3, half})}, attributes),
          {{uint8, {half, 3}}},
          [half](const HugeCase& h, int64_t i) { return h.input(0, i % 3 * half + i / 3); }};
}

HugeCase concat(int64_t size) {
  const int64_t first = size / 2 + 7, second = size / 2 + 9;
  Attributes attributes;
  attributes.set("axis", int64_t{0});
  return {"cuda.movement",
          made(ProblemKind::movement, "Concat",
               {repeating(uint8, {first}), repeating(uint8, {second})}, attributes),
          {{uint8, {first + second}}},
          [first](const HugeCase& h, int64_t i) {
            return i < first ? h.input(0, i) : h.input(1, i - first);
          }};
}

HugeCase gather(int64_t size) {
  const int64_t rows = size / 64 + 3;
  Tensor places(int64, {500});
  for (int64_t i = 0; i < 500; ++i)
    store_element<int64_t>(places.view(), i, i % 2 == 0 ? rows - 1 - i / 2 : rows / 500 * i);
  return {"cuda.gather",
          made(ProblemKind::movement, "Gather", {repeating(uint8, {rows, 64}), std::move(places)}),
          {{uint8, {500, 64}}},
          [](const HugeCase& h, int64_t i) {
            return h.input(0, static_cast<int64_t>(h.input(1, i / 64)) * 64 + i % 64);
          }};
}

HugeCase maximum(int64_t size) {
  const int64_t rows = size / line + 1;
  Attributes attributes;
  attributes.set("keepdims", int64_t{0});
  KernelCase what =
      made(ProblemKind::reduction, "ReduceMax",
           {repeating(float16, {rows, line}), Tensor::from(int64, {1}, std::vector<int64_t>{1})},
           attributes);
  what.constant = {false, true};
  return {
      "cuda.reduction", std::move(what), {{float16, {rows}}}, [](const HugeCase& h, int64_t row) {
        double most = h.input(0, row * line);
        for (int64_t i = 1; i < line; ++i) most = std::max(most, h.input(0, row * line + i));
        return most;
      }};
}

HugeCase softmax(int64_t size) {
  const Shape shape{size / line + 1, line};
  return {"cuda.softmax",
          made(ProblemKind::softmax, "Softmax", {repeating(float16, shape)}),
          {{float16, shape}},
          [](const HugeCase& h, int64_t at) {
            double all = 0;
            for (int64_t i = 0; i < line; ++i) all += std::exp(h.input(0, at / line * line + i));
            return std::exp(h.input(0, at)) / all;
          },
          2e-3};
}

HugeCase product(int64_t size) {
  const int64_t rows = size / line + 1;
  KernelCase what = made(ProblemKind::matmul, "MatMul",
                         {repeating(float16, {rows, 16}), repeating(float16, {16, line})});
  what.constant = {false, true};
  return {"cuda.gemm",
          std::move(what),
          {{float16, {rows, line}}},
          [](const HugeCase& h, int64_t at) {
            double all = 0;
            for (int64_t k = 0; k < 16; ++k)
              all += h.input(0, at / line * 16 + k) * h.input(1, k * line + at % line);
            return all;
          },
          5e-3};
}

HugeCase byte_product(int64_t size) {
  const int64_t rows = size / 64 + 1;
  KernelCase what = made(ProblemKind::matmul, "MatMulInteger",
                         {repeating(uint8, {rows, 64}), repeating(int8, {64, 16})});
  what.constant = {false, true};
  return {
      "cuda.gemm_bytes", std::move(what), {{int32, {rows, 16}}}, [](const HugeCase& h, int64_t at) {
        double all = 0;
        for (int64_t k = 0; k < 64; ++k)
          all += h.input(0, at / 16 * 64 + k) * h.input(1, k * 16 + at % 16);
        return all;
      }};
}

// Rows of pixels, so that the layouts are alike for the host.
HugeCase convolution(int64_t size) {
  const int64_t items = size / 64 + 1;
  KernelCase what =
      made(ProblemKind::convolution, "Conv",
           {repeating(float16, {items, 64, 1, 1}), repeating(float16, {64, 64, 3, 3})}, [] {
             Attributes attributes;
             attributes.set("pads", std::vector<int64_t>{1, 1, 1, 1});
             return attributes;
           }());
  what.constant = {false, true};
  what.layouts = {Layout::channels_last(4)};
  what.output_layouts = what.layouts;
  return {"cuda.convolution",
          std::move(what),
          {{float16, {items, 64, 1, 1}}},
          [](const HugeCase& h, int64_t at) {
            double all = 0;
            for (int64_t c = 0; c < 64; ++c)
              all += h.input(0, at / 64 * 64 + c) * h.input(1, (at % 64 * 64 + c) * 9 + 4);
            return all;
          },
          5e-3};
}

HugeCase places(int64_t size) {
  const int64_t count = size + 1001;
  KernelCase what = made(ProblemKind::reference, "PaddedNonZero", {repeating(boolean, {count})});
  what.problem.domain = "cermet";
  // The rank of each place that is marked, as marks repeat.
  std::vector<int64_t> marked;
  for (int64_t i = 0; i < std::min(period, count); ++i)
    if (load_element<double>(what.inputs[0]->view(), i) != 0) marked.push_back(i);
  const auto each = static_cast<int64_t>(marked.size());
  return {"cuda.nonzero",
          std::move(what),
          {{int64, {1, count}}, {int64, {1}}},
          [marked, each, count](const HugeCase&, int64_t i) {
            const int64_t at = i / each * period + marked[static_cast<size_t>(i % each)];
            return at < count ? static_cast<double>(at) : 0.0;
          }};
}

using Maker = HugeCase (*)(int64_t size);
struct Named {
  const char* name;
  Maker make;
};
// GoogleTest finds it by this name.
// NOLINTNEXTLINE(readability-identifier-naming)
void PrintTo(const Named& named, std::ostream* stream) { *stream << named.name; }

class CudaHuge : public ::testing::TestWithParam<Named> {};

TEST_P(CudaHuge, SmallOnesAreRight) { check(GetParam().make(20000)); }

TEST_P(CudaHuge, HugeOnesAreRight) {
  if (std::getenv("CERMET_HUGE") == nullptr)
    GTEST_SKIP() << "takes tens of gigabytes: set CERMET_HUGE=1 on a machine with a GPU that has "
                    "them";
  check(GetParam().make(int64_t{1} << 31));
}

INSTANTIATE_TEST_SUITE_P(
    Kernels, CudaHuge,
    ::testing::Values(Named{"Sum", sum}, Named{"Transpose", transpose}, Named{"Concat", concat},
                      Named{"Gather", gather}, Named{"Maximum", maximum}, Named{"Softmax", softmax},
                      Named{"Product", product}, Named{"ByteProduct", byte_product},
                      Named{"Convolution", convolution}, Named{"Places", places}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace cermet
