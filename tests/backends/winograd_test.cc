#include "backends/cpu/run/winograd_weights.h"
#include "base/error.h"
#include "tests/support/kernel_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

struct WinogradCase {
  Shape x;
  int64_t outputs;
  std::vector<int64_t> pads;
};

KernelCase winograd(const WinogradCase& c, int tile, bool bias) {
  Attributes attributes;
  attributes.set("pads", c.pads);
  std::vector<std::optional<Tensor>> inputs{
      random_tensor(float32, c.x), random_tensor(float32, {c.outputs, c.x[1], 3, 3}, -1, 1, 2),
      std::nullopt};
  if (bias) inputs[2] = random_tensor(float32, {c.outputs}, -1, 1, 3);
  KernelCase what = kernel_case(ProblemKind::convolution, "Conv", inputs, attributes);
  what.constant = {false, true, true, false, false};
  what.layouts = {Layout::channels_last(4), {}, {}, Layout::channels_last(4)};
  what.output_layouts = {Layout::channels_last(4)};
  what.configuration = std::to_string(tile);
  return what;
}

// Odd sizes, one tile, several images, results that are no whole panels, patches that are all
// padding, more blocks than one, weights larger than the image.
const std::vector<WinogradCase> cases{
    {{1, 16, 8, 8}, 32, {1, 1, 1, 1}},   {{1, 32, 14, 14}, 64, {1, 1, 1, 1}},
    {{2, 16, 7, 9}, 5, {1, 1, 1, 1}},    {{1, 48, 3, 3}, 33, {0, 0, 0, 0}},
    {{3, 16, 5, 6}, 40, {0, 1, 2, 0}},   {{1, 16, 1, 1}, 16, {1, 1, 1, 1}},
    {{1, 16, 4, 4}, 16, {5, 6, 7, 8}},   {{0, 16, 4, 4}, 16, {1, 1, 1, 1}},
    {{1, 64, 45, 44}, 16, {1, 1, 1, 1}}, {{1, 128, 9, 9}, 128, {1, 1, 1, 1}}};

// Errors grow with the number of products and with the factors of the transforms.
Tolerance tolerance_of(const WinogradCase& c, int tile) {
  const double sum = 3 * 9 * static_cast<double>(c.x[1]);
  return {1e-5, (tile == 2 ? 2e-7 : 5e-7) * sum};
}

TEST(Winograd, ConvolvesEveryShape) {
  for (const WinogradCase& c : cases)
    for (int tile : {2, 4})
      for (bool bias : {false, true})
        expect_same_as_reference(winograd(c, tile, bias), cpu::make_winograd_kernel,
                                 tolerance_of(c, tile));
}

TEST(Winograd, AppliesItsEpilogue) {
  for (const WinogradCase& c : cases) {
    if (c.pads != std::vector<int64_t>{1, 1, 1, 1} || c.x[0] == 0) continue;
    KernelCase what = winograd(c, 4, true);
    add_epilogue(what,
                 "%0 = input float32 0; %1 = input float32 1; %2 = add float32 %0 %1; "
                 "%3 = input float32 2; %4 = mul float32 %2 %3; %5 = constant float32 0; "
                 "%6 = max float32 %4 %5; -> %6");
    what.inputs.emplace_back(random_tensor(float32, {c.x[0], c.outputs, c.x[2], c.x[3]}, -1, 1, 4));
    what.inputs.emplace_back(random_tensor(float32, {c.outputs, 1, 1}, -1, 1, 5));
    expect_same_as_reference(what, cpu::make_winograd_kernel, tolerance_of(c, 4));
  }
}

TEST(Winograd, AddsATensorAndBoundsTheSum) {
  for (const WinogradCase& c : cases) {
    if (c.pads != std::vector<int64_t>{1, 1, 1, 1}) continue;
    for (int tile : {2, 4}) {
      KernelCase what = winograd(c, tile, true);
      add_epilogue(what,
                   "%0 = input float32 0; %1 = input float32 1; %2 = add float32 %0 %1; "
                   "%3 = constant float32 0; %4 = max float32 %2 %3; -> %4");
      what.inputs.emplace_back(
          random_tensor(float32, {c.x[0], c.outputs, c.x[2], c.x[3]}, -1, 1, 4));
      expect_same_as_reference(what, cpu::make_winograd_kernel, tolerance_of(c, tile));
    }
  }
}

// A patch that is infinite or NaN in one place spoils its tile and no other.
TEST(Winograd, HandsNaNOn) {
  KernelCase what = winograd({{1, 16, 12, 12}, 16, {1, 1, 1, 1}}, 4, false);
  what.inputs[0]->view().as<float>()[5 * 12 + 5] = std::nanf("");
  run_reference(what);
  const Tensor y = run_kernel(what, {cpu::make_winograd_kernel, best_instruction_set()})[0];
  EXPECT_TRUE(std::isnan(y.as<float>()[5 * 12 + 5]));
  EXPECT_FALSE(std::isnan(y.as<float>()[11 * 12 + 11]));
}

TEST(Winograd, BoundsItsResults) {
  for (const char* expression :
       {"%0 = input float32 0; %1 = constant float32 0; %2 = max float32 %0 %1; -> %2",
        "%0 = input float32 0; %1 = constant float32 -2; %2 = max float32 %0 %1; "
        "%3 = constant float32 3; %4 = min float32 %2 %3; -> %4"})
    for (const auto& c : cases) {
      KernelCase what = winograd(c, 4, true);
      add_epilogue(what, expression);
      expect_same_as_reference(what, cpu::make_winograd_kernel, tolerance_of(c, 4));
    }
}

TEST(WinogradWeights, KeepTheirValuesInPanelsOfAnotherWidth) {
  const Tensor weights = random_tensor(float32, {37, 16, 3, 3});
  for (int64_t tile : {2, 4}) {
    const cpu::WinogradForm narrow{tile, 8, 37, 16}, wide{tile, 32, 37, 16};
    const Tensor from = transform_weights(weights, narrow);
    expect_close(transform_weights(weights, wide), change_columns(from, narrow, wide), {0, 0},
                 "wider");
    expect_close(from, change_columns(transform_weights(weights, wide), wide, narrow), {0, 0},
                 "narrower");
  }
}

TEST(WinogradWeights, FormsAreReadAsTheyAreWritten) {
  const cpu::WinogradForm form{2, 16, 40, 32};
  EXPECT_EQ(cpu::WinogradForm::parse(form.to_string()), form);
  for (const char* text :
       {"", "winograd 3 columns 16 of 4x4", "winograd 2 columns 0 of 4x4",
        "winograd 2 columns 16 of 4x-4", "winograd 2 columns 16 of 4x4 ", "64x3x3x3 padded"})
    EXPECT_THROW(cpu::WinogradForm::parse(text), Error) << text;
}

}  // namespace
}  // namespace cermet
