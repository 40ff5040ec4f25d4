// Convolutions by tiles on the GPU.
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

struct Kind {
  ElementType type;
  const char* tactic;
  Tolerance tolerance;
};
const std::vector<Kind> kinds{{float32, "cuda.convolution_fma", {1e-5, 2e-5}},
                              {float32, "cuda.convolution", {3e-3, 2e-2}},
                              {float16, "cuda.convolution", {2e-3, 4e-3}},
                              {bfloat16, "cuda.convolution", {1e-2, 2e-2}},
                              {float16, "cuda.convolution_warpgroup", {2e-3, 4e-3}}};

struct Case {
  Shape x, w;
  int64_t group = 1;
  std::vector<int64_t> strides = {}, dilations = {}, pads = {};
};

KernelCase convolution(const Case& c, ElementType type, bool constant, bool last = true) {
  Attributes attributes;
  attributes.set("group", c.group);
  if (!c.strides.empty()) attributes.set("strides", c.strides);
  if (!c.dilations.empty()) attributes.set("dilations", c.dilations);
  if (!c.pads.empty()) attributes.set("pads", c.pads);
  KernelCase what =
      kernel_case(ProblemKind::convolution, "Conv",
                  {random_tensor(type, c.x, -1, 1), random_tensor(type, c.w, -1, 1, 2),
                   random_tensor(type, {c.w[0]}, -1, 1, 3)},
                  attributes);
  what.constant = {false, constant, constant};
  const Layout layout = Layout::channels_last(static_cast<int>(c.x.size()));
  what.layouts = {last ? layout : Layout{}, {}, {}, layout};
  what.output_layouts = {layout};
  return what;
}

void check(KernelCase what, const Kind& kind) {
  expect_same_on_device(std::move(what), cuda_tactic(kind.tactic), kind.tolerance);
}

const std::vector<Case> cases{{{1, 16, 9, 11}, {24, 16, 3, 3}, 1, {}, {}, {1, 1, 1, 1}},
                              {{1, 3, 20, 18}, {16, 3, 7, 7}, 1, {2, 2}, {}, {3, 3, 3, 3}},
                              {{2, 16, 7, 7}, {24, 16, 1, 1}},
                              {{2, 17, 7, 6}, {33, 17, 1, 1}, 1, {2, 2}},
                              {{1, 6, 9, 9}, {7, 6, 3, 3}, 1, {}, {2, 2}, {2, 1, 0, 2}},
                              {{1, 32, 8, 8}, {40, 8, 3, 3}, 4, {}, {}, {1, 1, 1, 1}},
                              {{2, 12, 19}, {16, 12, 5}, 1, {2}, {}, {2, 2}},
                              {{1, 4, 4, 5, 6}, {9, 4, 3, 3, 3}, 1, {}, {}, {1, 1, 1, 1, 1, 1}},
                              {{1, 8, 7, 5}, {16, 8, 9, 9}, 1, {}, {}, {4, 4, 4, 4}},
                              {{1, 64, 1, 1}, {20, 64, 1, 1}},
                              {{1, 72, 5, 5}, {32, 72, 3, 3}, 1, {}, {}, {1, 1, 1, 1}},
                              {{1, 2, 3, 3}, {4, 2, 3, 3}, 1, {}, {}, {7, 7, 7, 7}},
                              {{3, 8, 6, 7}, {12, 8, 3, 2}, 1, {2, 1}, {2, 1}, {3, 1, 0, 2}},
                              {{0, 16, 5, 5}, {4, 16, 3, 3}}};

TEST(CudaConvolution, ConvolvesEveryShape) {
  for (const Kind& kind : kinds)
    for (const Case& c : cases) check(convolution(c, kind.type, true), kind);
}

TEST(CudaConvolution, ReadsWeightsAndImagesAsTheyLie) {
  for (const Kind& kind : kinds)
    for (size_t i : {0, 1, 2, 5, 7}) {
      check(convolution(cases[i], kind.type, false), kind);
      check(convolution(cases[i], kind.type, true, false), kind);
    }
}

// Windows side by side, as patches of images are cut.
TEST(CudaConvolution, Patches) {
  const std::vector<Case> patches{{{2, 3, 34, 48}, {20, 3, 16, 16}, 1, {16, 16}},
                                  {{1, 3, 28, 45}, {8, 3, 14, 14}, 1, {14, 14}},
                                  {{1, 2, 9, 24}, {17, 2, 3, 4}, 1, {1, 4}, {}, {1, 0, 1, 0}},
                                  {{2, 4, 27}, {9, 4, 8}, 1, {8}},
                                  {{1, 4, 4, 6, 8}, {8, 4, 2, 2, 2}, 1, {2, 2, 2}},
                                  {{1, 3, 8, 16}, {8, 3, 8, 8}, 1, {8, 8}, {}, {0, 0, 0, 8}},
                                  {{1, 1, 8, 16}, {8, 1, 4, 4}, 1, {4, 4}}};
  for (const Kind& kind : kinds)
    for (const Case& c : patches)
      for (const bool last : {false, true}) check(convolution(c, kind.type, true, last), kind);
  check(convolution(patches[0], float16, false), kinds[2]);
}

// More tiles than a card of 132 multiprocessors has blocks of threads at once, one for each of
// them.
TEST(CudaConvolution, GoesOnFromTileToTile) {
  Tactic persistent = cuda_tactic("cuda.convolution_warpgroup"), overlapped = persistent;
  persistent.configurations = [](const TacticQuery&) {
    return std::vector<std::string>{"64x32x64 w4x1 s12 k1 persistent"};
  };
  overlapped.configurations = [](const TacticQuery&) {
    return std::vector<std::string>{"64x32x64 w4x1 s12 k1 overlapped"};
  };
  const Case image{{2, 16, 70, 68}, {24, 16, 3, 3}, 1, {}, {}, {1, 1, 1, 1}},
      patches{{70, 3, 32, 192}, {40, 3, 4, 16}, 1, {4, 16}};
  for (const Tactic& tactic : {persistent, overlapped})
    for (const Case& c : {image, patches})
      expect_same_on_device(convolution(c, float16, true), tactic, {2e-3, 4e-3});
}

TEST(CudaConvolution, AppliesEpilogues) {
  for (const Kind& kind : kinds)
    for (size_t i : {0, 2, 3, 5, 10}) {
      KernelCase what = convolution(cases[i], kind.type, true);
      const Shape result = run_reference(what)[0].shape();
      add_epilogue(what, fmt::format("%0 = input {0} 0; %1 = input {0} 1; %2 = add {0} %0 %1; "
                                     "%3 = input {0} 2; %4 = mul {0} %2 %3; %5 = constant {0} 0; "
                                     "%6 = max {0} %4 %5; -> %6",
                                     name(kind.type)));
      what.inputs.emplace_back(random_tensor(kind.type, result, -1, 1, 4));
      Shape channels(result.size() - 1, 1);
      channels[0] = result[1];
      what.inputs.emplace_back(random_tensor(kind.type, channels, -1, 1, 5));
      check(what, kind);
      what.layouts[3] = {};
      check(what, kind);
    }
}

TEST(CudaConvolution, PadsByItself) {
  for (const char* mode : {"SAME_UPPER", "SAME_LOWER", "VALID"}) {
    KernelCase what = convolution({{1, 8, 8, 9}, {16, 8, 4, 3}, 1, {2, 2}, {}, {}}, float16, true);
    what.problem.attributes.set("auto_pad", std::string(mode));
    check(what, kinds[2]);
  }
}

TEST(CudaConvolution, SaysWhatItRejects) {
  const Tactic& tactic = cuda_tactic("cuda.convolution");
  EXPECT_EQ(rejection(convolution({{1, 8, 5, 5}, {8, 1, 3, 3}, 8}, float16, true), tactic),
            "groups have less than 8 channels");
  KernelCase what = convolution(cases[0], float16, true);
  what.output_layouts = {Layout{}};
  EXPECT_EQ(rejection(what, tactic), "the result is not channels-last");
}

}  // namespace
}  // namespace cermet
