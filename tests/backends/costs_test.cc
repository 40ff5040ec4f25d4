#include "backends/cpu/build/costs.h"

#include <gtest/gtest.h>

#include "tests/support/graph_maker.h"

namespace cermet::testing {
namespace {

std::optional<Operand> operand(std::string_view type, Layout layout = {}) {
  return Operand{type_of(type), std::move(layout), false};
}

Problem product(std::string_view x, std::string_view weights, std::string_view y) {
  Problem problem;
  problem.kind = ProblemKind::matmul;
  problem.op = "MatMul";
  problem.inputs = {operand(x), operand(weights)};
  problem.outputs = {operand(y)};
  return problem;
}

Problem cut(std::string_view whole, std::string_view part, int64_t axis,
            const Layout& layout = {}) {
  Problem problem;
  problem.kind = ProblemKind::movement;
  problem.op = "Split";
  problem.attributes.set("axis", axis);
  problem.inputs = {operand(whole, layout)};
  problem.outputs = {operand(part, layout), operand(part, layout)};
  return problem;
}

TEST(Costs, PartsInOnePieceCostNothingUnlessTheyAreOutputs) {
  const cpu::Costs costs;
  const Problem rows = cut("float32[1, 8]", "float32[1, 4]", 1);
  EXPECT_EQ(costs.step_us(rows, false), 0);
  EXPECT_GT(costs.step_us(rows, true), 0);
  EXPECT_GT(costs.step_us(cut("float32[2, 8]", "float32[2, 4]", 1), false), 0);
  // One row when it runs, perhaps: it can't be planned.
  EXPECT_GT(costs.step_us(cut("float32[N, 8]", "float32[N, 4]", 1), false), 0);
}

TEST(Costs, ChannelsLieInOnePieceAsTheLayoutHasThem) {
  const cpu::Costs costs;
  const Layout last = Layout::channels_last(4);
  const auto whole = "float32[1, 8, 5, 5]", part = "float32[1, 4, 5, 5]";
  EXPECT_EQ(costs.step_us(cut(whole, part, 1), false), 0);
  EXPECT_GT(costs.step_us(cut(whole, part, 1, last), false), 0);
  EXPECT_EQ(costs.step_us(cut("float32[1, 8, 1, 1]", "float32[1, 4, 1, 1]", 1, last), false), 0);
  Problem convolution;
  convolution.kind = ProblemKind::convolution;
  convolution.outputs = {operand(whole)};
  EXPECT_EQ(costs.result_layout(convolution), last);
  EXPECT_EQ(costs.result_layout(product("float32[2, 3]", "float32[3, 8]", "float32[2, 8]")),
            Layout{});
}

TEST(Costs, SizesAreThoseOfTheProfile) {
  const Problem open = product("float32[N, 64]", "float32[64, 64]", "float32[N, 64]");
  const Problem fixed = product("float32[512, 64]", "float32[64, 64]", "float32[512, 64]");
  EXPECT_EQ(cpu::Costs({{"N", 512}}).step_us(open, false), cpu::Costs().step_us(fixed, false));
  EXPECT_LT(cpu::Costs().step_us(open, false), cpu::Costs().step_us(fixed, false));
}

TEST(Costs, AreNotKnownWithoutARank) {
  EXPECT_FALSE(cpu::Costs().step_us(product("float32[?]", "float32[4, 8]", "float32[?]"), false));
}

TEST(Costs, OneNarrowProductTakesAsLongAsAPanel) {
  const cpu::Costs costs;
  const Problem narrow = product("float32[64, 256]", "float32[256, 2]", "float32[64, 2]");
  const Problem twice = product("float32[64, 256]", "float32[256, 4]", "float32[64, 4]");
  EXPECT_LT(*costs.step_us(twice, false), 1.1 * *costs.step_us(narrow, false));
}

// More threads than it has work for don't help a small product.
TEST(Costs, SmallStepsStayOnOneThread) {
  const Problem small = product("float32[1, 64]", "float32[64, 64]", "float32[1, 64]");
  const Problem large = product("float32[512, 512]", "float32[512, 512]", "float32[512, 512]");
  EXPECT_EQ(cpu::Costs({}, 4).step_us(small, false), cpu::Costs({}, 1).step_us(small, false));
  EXPECT_LT(*cpu::Costs({}, 4).step_us(large, false), *cpu::Costs({}, 1).step_us(large, false) / 2);
}

}  // namespace
}  // namespace cermet::testing
