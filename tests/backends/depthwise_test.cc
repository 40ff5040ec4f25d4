#include "tests/support/kernel_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

struct DepthwiseCase {
  Shape x;
  int64_t kernel, stride, dilation;
  std::vector<int64_t> pads;
};

KernelCase depthwise(const DepthwiseCase& c, bool bias) {
  const int64_t channels = c.x[1];
  Attributes attributes;
  attributes.set("group", channels);
  attributes.set("strides", std::vector<int64_t>{c.stride, c.stride});
  attributes.set("dilations", std::vector<int64_t>{c.dilation, c.dilation});
  attributes.set("pads", c.pads);
  std::vector<std::optional<Tensor>> inputs{
      random_tensor(float32, c.x),
      random_tensor(float32, {channels, 1, c.kernel, c.kernel}, -1, 1, 2), std::nullopt};
  if (bias) inputs[2] = random_tensor(float32, {channels}, -1, 1, 3);
  KernelCase what = kernel_case(ProblemKind::convolution, "Conv", inputs, attributes);
  what.constant = {false, true, true, false, false};
  what.layouts = {Layout::channels_last(4)};
  what.output_layouts = {Layout::channels_last(4)};
  return what;
}

const std::vector<DepthwiseCase> shapes{
    {{1, 32, 12, 12}, 3, 1, 1, {1, 1, 1, 1}}, {{2, 24, 13, 11}, 3, 2, 1, {1, 1, 1, 1}},
    {{1, 40, 9, 9}, 5, 1, 1, {2, 2, 2, 2}},   {{1, 7, 10, 10}, 5, 2, 1, {1, 2, 2, 1}},
    {{1, 16, 9, 9}, 3, 1, 2, {2, 2, 2, 2}},   {{1, 33, 3, 2}, 5, 1, 1, {2, 2, 2, 2}},
    {{1, 96, 8, 8}, 3, 1, 1, {0, 0, 0, 0}},   {{1, 5, 1, 1}, 3, 1, 1, {1, 1, 1, 1}},
    {{1, 18, 6, 6}, 3, 2, 1, {0, 0, 1, 1}},   {{0, 18, 6, 6}, 3, 2, 1, {0, 0, 1, 1}},
    {{1, 8, 4, 4}, 2, 1, 3, {3, 3, 3, 3}}};

TEST(Depthwise, SlidesEveryWindow) {
  for (const DepthwiseCase& c : shapes)
    for (bool bias : {false, true})
      expect_same_as_reference(depthwise(c, bias), cpu::make_depthwise_kernel, {1e-5, 1e-5});
}

TEST(Depthwise, AppliesItsEpilogue) {
  for (const DepthwiseCase& c : shapes) {
    if (c.x[0] == 0 || c.stride != 1) continue;
    KernelCase what = depthwise(c, true);
    add_epilogue(what,
                 "%0 = input float32 0; %1 = input float32 1; %2 = add float32 %0 %1; "
                 "%3 = input float32 2; %4 = mul float32 %2 %3; %5 = constant float32 0; "
                 "%6 = max float32 %4 %5; -> %6");
    what.inputs.emplace_back(random_tensor(float32, {c.x[1], 1, 1}, -1, 1, 4));
    what.inputs.emplace_back(random_tensor(float32, {1}, -1, 1, 5));
    expect_same_as_reference(what, cpu::make_depthwise_kernel, {1e-5, 1e-5});
  }
}

TEST(Depthwise, AddsATensorAndBoundsTheSum) {
  for (const DepthwiseCase& c : shapes) {
    KernelCase what = depthwise(c, true);
    const Shape result = run_reference(what)[0].shape();
    add_epilogue(what,
                 "%0 = input float32 0; %1 = input float32 1; %2 = add float32 %0 %1; "
                 "%3 = constant float32 0; %4 = max float32 %2 %3; %5 = constant float32 0.75; "
                 "%6 = min float32 %4 %5; -> %6");
    what.inputs.emplace_back(random_tensor(float32, result, -1, 1, 4));
    what.layouts = {Layout::channels_last(4), {}, {}, Layout::channels_last(4)};
    expect_same_as_reference(what, cpu::make_depthwise_kernel, {1e-5, 1e-5});
  }
}

}  // namespace
}  // namespace cermet
