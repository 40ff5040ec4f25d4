#include <set>

#include "backends/cpu/run/bounds.h"
#include "backends/cpu/run/convolution_weights.h"
#include "backends/cpu/run/work_split.h"
#include "base/error.h"
#include "tests/support/kernel_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;
using Ints = std::vector<int64_t>;

struct ConvolutionCase {
  Shape x, w;
  int64_t group;
  Ints strides, dilations, pads;
};

KernelCase convolution(const ConvolutionCase& c, bool bias) {
  Attributes attributes;
  attributes.set("group", c.group);
  if (!c.strides.empty()) attributes.set("strides", c.strides);
  if (!c.dilations.empty()) attributes.set("dilations", c.dilations);
  if (!c.pads.empty()) attributes.set("pads", c.pads);
  std::vector<std::optional<Tensor>> inputs{random_tensor(float32, c.x),
                                            random_tensor(float32, c.w, -1, 1, 2), std::nullopt};
  if (bias) inputs[2] = random_tensor(float32, {c.w[0]}, -1, 1, 3);
  KernelCase what = kernel_case(ProblemKind::convolution, "Conv", inputs, attributes);
  what.constant = {false, true, true, false, false};
  const Layout last = Layout::channels_last(static_cast<int>(c.x.size()));
  what.layouts = {last, {}, {}, last};
  what.output_layouts = {last};
  return what;
}

const std::vector<ConvolutionCase> cases{
    {{1, 3, 17, 19}, {8, 3, 3, 3}, 1, {}, {}, {1, 1, 1, 1}},
    {{1, 3, 32, 32}, {64, 3, 7, 7}, 1, {2, 2}, {}, {3, 3, 3, 3}},
    {{2, 16, 14, 14}, {24, 16, 1, 1}, 1, {}, {}, {}},
    {{2, 17, 15, 13}, {33, 17, 1, 1}, 1, {2, 2}, {}, {}},
    {{1, 5, 9, 9}, {7, 5, 3, 3}, 1, {}, {2, 2}, {2, 1, 0, 2}},
    {{1, 32, 8, 8}, {40, 8, 3, 3}, 4, {}, {}, {1, 1, 1, 1}},
    {{1, 6, 4, 4}, {6, 1, 3, 3}, 6, {}, {}, {1, 1, 1, 1}},
    {{3, 10, 40}, {16, 10, 5}, 1, {2}, {}, {2, 2}},
    {{1, 4, 6, 7, 8}, {9, 4, 3, 3, 3}, 1, {}, {}, {1, 1, 1, 1, 1, 1}},
    {{1, 64, 7, 7}, {320, 64, 3, 3}, 1, {}, {}, {1, 1, 1, 1}},
    {{1, 12, 1, 1}, {20, 12, 1, 1}, 1, {}, {}, {}},
    {{1, 512, 5, 5}, {48, 512, 1, 1}, 1, {}, {}, {}},
    {{1, 2, 3, 3}, {4, 2, 3, 3}, 1, {}, {}, {7, 7, 7, 7}},
    {{2, 3, 21, 150}, {9, 3, 3, 3}, 1, {2, 2}, {}, {1, 1, 1, 1}},
    {{3, 5, 11, 12}, {20, 5, 3, 5}, 1, {2, 1}, {2, 1}, {3, 1, 0, 2}},
    {{2, 2, 9, 9}, {4, 2, 3, 3}, 1, {}, {}, {0, 0, 2, 3}},
    {{1, 12, 6, 40}, {8, 6, 3, 3}, 2, {}, {}, {1, 1, 1, 1}},
    {{1, 120, 9, 20}, {20, 120, 3, 3}, 1, {}, {}, {1, 1, 1, 1}},
    {{1, 700, 5, 6}, {17, 700, 1, 2}, 1, {}, {}, {0, 1, 0, 0}},
    {{2, 1024, 3, 5}, {40, 1024, 1, 1}, 1, {}, {}, {}},
    {{0, 3, 5, 5}, {4, 3, 3, 3}, 1, {}, {}, {}}};

TEST(Convolution, ConvolvesEveryShape) {
  for (const ConvolutionCase& c : cases)
    for (bool bias : {false, true})
      expect_same_as_reference(convolution(c, bias), cpu::make_convolution_kernel, {1e-5, 2e-4});
}

TEST(Convolution, AppliesItsEpilogue) {
  for (const ConvolutionCase& c : cases) {
    KernelCase what = convolution(c, true);
    const Shape result = run_reference(what)[0].shape();
    add_epilogue(what,
                 "%0 = input float32 0; %1 = input float32 1; %2 = add float32 %0 %1; "
                 "%3 = input float32 2; %4 = mul float32 %2 %3; %5 = constant float32 0; "
                 "%6 = max float32 %4 %5; -> %6");
    Shape channels(result.size() - 1, 1);
    channels[0] = result[1];
    what.inputs.emplace_back(random_tensor(float32, result, -1, 1, 4));
    what.inputs.emplace_back(random_tensor(float32, channels, -1, 1, 5));
    expect_same_as_reference(what, cpu::make_convolution_kernel, {1e-5, 2e-4});
  }
}

TEST(Convolution, BoundsItsResults) {
  for (const char* expression :
       {"%0 = input float32 0; %1 = constant float32 0; %2 = max float32 %0 %1; -> %2",
        "%0 = input float32 0; %1 = constant float32 -2; %2 = max float32 %0 %1; "
        "%3 = constant float32 3; %4 = min float32 %2 %3; -> %4"})
    for (const auto& c : cases) {
      KernelCase what = convolution(c, true);
      add_epilogue(what, expression);
      expect_same_as_reference(what, cpu::make_convolution_kernel, {1e-5, 2e-4});
    }
}

const char* const sums[] = {
    "%0 = input float32 0; %1 = input float32 1; %2 = add float32 %0 %1; -> %2",
    "%0 = input float32 0; %1 = input float32 1; %2 = add float32 %1 %0; "
    "%3 = constant float32 0; %4 = max float32 %2 %3; -> %4",
    "%0 = input float32 0; %1 = input float32 1; %2 = add float32 %0 %1; "
    "%3 = constant float32 -2; %4 = max float32 %2 %3; %5 = constant float32 3; "
    "%6 = min float32 %4 %5; -> %6"};

// What is added is of the result's own shape, or one number a channel.
TEST(Convolution, AddsATensorAndBoundsTheSum) {
  for (const char* expression : sums)
    for (const ConvolutionCase& c : cases) {
      KernelCase what = convolution(c, true);
      const Shape result = run_reference(what)[0].shape();
      add_epilogue(what, expression);
      what.inputs.emplace_back(random_tensor(float32, result, -1, 1, 4));
      expect_same_as_reference(what, cpu::make_convolution_kernel, {1e-5, 2e-4});
      Shape channels(result.size() - 1, 1);
      channels[0] = result[1];
      what.inputs.back() = random_tensor(float32, channels, -1, 1, 5);
      what.layouts[3] = {};
      expect_same_as_reference(what, cpu::make_convolution_kernel, {1e-5, 2e-4});
    }
}

// One that is row-major takes the other way.
TEST(Convolution, AddsATensorOfAnotherLayout) {
  KernelCase what = convolution(cases[0], true);
  const Shape result = run_reference(what)[0].shape();
  add_epilogue(what, sums[1]);
  what.inputs.emplace_back(random_tensor(float32, result, -1, 1, 4));
  what.layouts[3] = {};
  expect_same_as_reference(what, cpu::make_convolution_kernel, {1e-5, 2e-4});
}

TEST(BoundedSums, AreReadFromEpilogues) {
  KernelCase what = convolution(cases[0], true);
  const Shape result = run_reference(what)[0].shape();
  what.problem.epilogue_first = 3;
  what.inputs.emplace_back(random_tensor(float32, result, -1, 1, 4));
  what.problem.expression = ScalarExpr::parse(sums[2]);
  run_reference(what);
  const auto sum = cpu::read_bounded_sum(what.problem);
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->added, 3u);
  EXPECT_EQ(sum->bounds.lowest, -2);
  EXPECT_EQ(sum->bounds.highest, 3);
  what.problem.expression = ScalarExpr::parse(
      "%0 = input float32 0; %1 = constant float32 0; %2 = max float32 %0 %1; "
      "%3 = input float32 1; %4 = add float32 %2 %3; -> %4");
  EXPECT_FALSE(cpu::read_bounded_sum(what.problem)) << "bounds come last";
}

TEST(PanelAhead, TheFirstTilesAskForEveryLineOfTheNextPanel) {
  constexpr int64_t line = 16, depth = 10;
  for (int64_t columns : {8, 16, 32}) {
    const int64_t panel = depth * columns;
    std::set<int64_t> asked, wanted;
    for (int64_t i = panel; i < 2 * panel; i += line) wanted.insert(i / line);
    const int64_t tiles = std::max<int64_t>(1, columns / line);
    for (int64_t tile = 0; tile < tiles; ++tile)
      for (int64_t k = 0; k < depth; ++k)
        asked.insert((k * columns + cpu::panel_ahead(panel, columns, tile)) / line);
    EXPECT_EQ(asked, wanted) << columns;
    EXPECT_EQ(cpu::panel_ahead(panel, columns, tiles), 0) << columns;
  }
}

TEST(ConvolutionWeights, KeepTheirValuesInPanelsOfAnotherWidth) {
  const Tensor weights = random_tensor(float32, {3 * 37, 5, 3, 2});
  const cpu::ConvolutionForm narrow{8, 3, 37, 5, 6}, wide{32, 3, 37, 5, 6};
  expect_close(pack_panels(weights, wide),
               change_columns(pack_panels(weights, narrow), narrow, wide), {0, 0}, "wider");
}

TEST(ConvolutionWeights, FormsAreReadAsTheyAreWritten) {
  const cpu::ConvolutionForm form{16, 4, 40, 32, 9};
  EXPECT_EQ(cpu::ConvolutionForm::parse(form.to_string()), form);
  for (const char* text : {"", "panels of 0, 1 groups of 4x4x4", "panels of 32, 1 groups of 4x4",
                           "panels of 32, 1 groups of 4x4x-1", "winograd 2 columns 16 of 4x4"})
    EXPECT_THROW(cpu::ConvolutionForm::parse(text), Error) << text;
}

}  // namespace
}  // namespace cermet
