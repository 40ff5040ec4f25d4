#include <cmath>

#include "backends/cpu/run/tile_program.h"
#include "base/scalar.h"
#include "tests/support/kernel_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

constexpr auto make = cpu::make_pointwise_kernel;

struct UnaryRange {
  const char* op;
  double low, high;
  double absolute = 0;
};

class PointwiseUnary : public ::testing::TestWithParam<UnaryRange> {};

TEST_P(PointwiseUnary, IsAsExactAsFloat) {
  const UnaryRange& p = GetParam();
  const std::string text = fmt::format("%0 = input float32 0; %1 = {} float32 %0; -> %1", p.op);
  expect_same_as_reference(pointwise_case(text, {random_tensor(float32, {5003}, p.low, p.high)}),
                           make, {1e-6, p.absolute});
}

INSTANTIATE_TEST_SUITE_P(
    Functions, PointwiseUnary,
    ::testing::Values(
        UnaryRange{"exp", -90, 90, 1e-44}, UnaryRange{"exp", -1, 1}, UnaryRange{"log", 0, 4, 1e-9},
        UnaryRange{"log", 0.99, 1.01}, UnaryRange{"erf", -5, 5}, UnaryRange{"erf", -0.01, 0.01},
        UnaryRange{"tanh", -12, 12}, UnaryRange{"tanh", -1, 1}, UnaryRange{"sigmoid", -80, 80},
        UnaryRange{"softplus", -60, 60}, UnaryRange{"sqrt", 0, 9}, UnaryRange{"floor", -9, 9},
        UnaryRange{"ceil", -9, 9}, UnaryRange{"round", -9, 9}, UnaryRange{"reciprocal", 0.1, 9},
        UnaryRange{"neg", -3, 3}, UnaryRange{"abs", -3, 3}, UnaryRange{"sign", -3, 3},
        UnaryRange{"sin", -9, 9, 1e-7}, UnaryRange{"cos", -9, 9, 1e-7}, UnaryRange{"atan", -9, 9},
        UnaryRange{"asinh", -9, 9}, UnaryRange{"cosh", -9, 9}));

TEST(Pointwise, HandlesSpecialValues) {
  const float inf = INFINITY, nan = NAN;
  const Tensor x = Tensor::from<float>(float32, {14},
                                       {0.0f, -0.0f, 1.0f, -1.0f, inf, -inf, nan, 1e-40f, -1e-40f,
                                        3e38f, -3e38f, 0.5f, 2.5f, -88.f});
  for (const char* op : {"exp", "log", "erf", "tanh", "sigmoid", "softplus", "floor", "ceil",
                         "round", "sqrt", "abs", "reciprocal"}) {
    const std::string text = fmt::format("%0 = input float32 0; %1 = {} float32 %0; -> %1", op);
    expect_same_as_reference(pointwise_case(text, {x}), make, {1e-6, 1e-37});
  }
}

const char* const chain =
    "%0 = input float32 0; %1 = input float32 1; %2 = input float32 2; %3 = mul float32 %0 %1; "
    "%4 = add float32 %3 %2; %5 = constant float32 0; %6 = max float32 %4 %5; -> %6";

TEST(Pointwise, BroadcastsEveryWay) {
  const Shape full{3, 5, 7, 11};
  for (const Shape& b : {Shape{}, Shape{1}, Shape{11}, Shape{7, 1}, Shape{5, 1, 1},
                         Shape{3, 1, 1, 1}, Shape{1, 5, 1, 11}, Shape{3, 1, 7, 1}, full})
    for (const Shape& c : {Shape{1}, Shape{1, 5, 7, 1}, full}) {
      SCOPED_TRACE(to_string(b) + to_string(c));
      expect_same_as_reference(
          pointwise_case(chain, {random_tensor(float32, full), random_tensor(float32, b, -3, 3, 2),
                                 random_tensor(float32, c, -3, 3, 3)}),
          make, {1e-6, 1e-5});
      if (HasFatalFailure()) return;
    }
}

TEST(Pointwise, TakesOddAndEmptySizes) {
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{3, 0}, Shape{1, 1}, Shape{513},
                             Shape{2, 1025}, Shape{100, 700}, Shape{40000}, Shape{7, 511, 3}})
    expect_same_as_reference(
        pointwise_case(chain, {random_tensor(float32, shape), random_tensor(float32, {1}, -3, 3, 2),
                               random_tensor(float32, shape, -3, 3, 3)}),
        make, {1e-6, 1e-5});
}

TEST(Pointwise, FollowsLayouts) {
  KernelCase what = pointwise_case(
      chain, {random_tensor(float32, {2, 19, 6, 7}), random_tensor(float32, {19, 1, 1}, -3, 3, 2),
              random_tensor(float32, {2, 19, 6, 7}, -3, 3, 3)});
  const Layout last = Layout::channels_last(4);
  for (const auto& layouts :
       {std::vector{last, Layout{}, last}, std::vector{last, Layout{}, Layout{}}})
    for (const Layout& output : {last, Layout{}}) {
      what.layouts = layouts;
      what.output_layouts = {output};
      expect_same_as_reference(what, make, {1e-6, 1e-5});
    }
}

TEST(Pointwise, WorksInPlaceWithSeveralResults) {
  KernelCase what = pointwise_case(
      "%0 = input float32 0; %1 = input float32 1; %2 = add float32 %0 %1; %3 = mul float32 %0 %2; "
      "-> %2 %3 %0",
      {random_tensor(float32, {4, 1500}), random_tensor(float32, {1500}, -3, 3, 2)});
  const auto expected = run_reference(what);
  for (InstructionSet set : available_sets()) {
    const auto got = run_kernel(what, {make, set, 2, true, 0});
    for (size_t i = 0; i < expected.size(); ++i)
      expect_close(expected[i], got[i], {1e-6, 1e-6}, "in place");
  }
}

TEST(Pointwise, ComputesIntegers) {
  for (ElementType type : {int8, uint8, int16, uint16, int32, uint32, int64, uint64}) {
    const bool negative = is_signed_integer(type);
    const Tensor a = random_tensor(type, {700}, negative ? -120 : 0, 120);
    const Tensor b = random_tensor(type, {700}, negative ? -3 : 0, 4, 2);
    for (const char* op : {"add", "sub", "mul", "div", "mod", "fmod", "min", "max", "pow",
                           "bit_and", "bit_or", "bit_xor", "shift_left", "shift_right"}) {
      const std::string text = fmt::format(
          "%0 = input {0} 0; %1 = input {0} 1; %2 = {1} {0} %0 %1; -> %2", name(type), op);
      expect_same_as_reference(pointwise_case(text, {a, b}), make);
    }
  }
}

TEST(Pointwise, ComparesAndSelects) {
  for (ElementType type : {float32, float16, float64, int64, uint8}) {
    const std::string text = fmt::format(
        "%0 = input {0} 0; %1 = input {0} 1; %2 = less boolean %0 %1; %3 = input boolean 2; "
        "%4 = logical_and boolean %2 %3; %5 = logical_not boolean %4; %6 = select {0} %5 %0 %1; "
        "-> %5 %6",
        name(type));
    expect_same_as_reference(pointwise_case(text, {random_tensor(type, {3, 400}, 0, 5),
                                                   random_tensor(type, {400}, 0, 5, 2),
                                                   random_tensor(boolean, {3, 1}, 0, 2, 3)}),
                             make);
  }
}

TEST(Pointwise, Casts) {
  const std::vector<ElementType> types{float32, float64, float16, bfloat16, int8,   uint8,
                                       int16,   int32,   uint32,  int64,    boolean};
  for (ElementType from : types)
    for (ElementType to : types) {
      if (from == to) continue;
      const KernelCase what = pointwise_case(
          fmt::format("%0 = input {} 0; %1 = cast {} %0; -> %1", name(from), name(to)),
          {random_tensor(from, {777}, is_floating(from) ? -70000 : -300, 70000)});
      if (cpu::TileProgram::rejects(what.problem.expression)) continue;
      expect_same_as_reference(what, make, {0, 0});
      if (HasFatalFailure()) return;
    }
}

}  // namespace
}  // namespace cermet
