#include "backends/cpu/build/tactics.h"
#include "tests/support/kernel_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

constexpr Tolerance tolerance{1e-5, 1e-5};

Tensor random(Shape shape, uint32_t seed) {
  return random_tensor(float32, std::move(shape), -2, 2, seed);
}

struct Sizes {
  int64_t batch, heads, key_heads, queries, keys, size, value_size;
};

Attributes head_counts(const Sizes& s) {
  Attributes attributes;
  attributes.set("q_num_heads", s.heads);
  attributes.set("kv_num_heads", s.key_heads);
  return attributes;
}

KernelCase unpacked(const Sizes& s, Attributes attributes = {}) {
  return kernel_case(ProblemKind::attention, "Attention",
                     {random({s.batch, s.heads, s.queries, s.size}, 1),
                      random({s.batch, s.key_heads, s.keys, s.size}, 2),
                      random({s.batch, s.key_heads, s.keys, s.value_size}, 3)},
                     std::move(attributes));
}

KernelCase packed(const Sizes& s) {
  return kernel_case(ProblemKind::attention, "Attention",
                     {random({s.batch, s.queries, s.heads * s.size}, 1),
                      random({s.batch, s.keys, s.key_heads * s.size}, 2),
                      random({s.batch, s.keys, s.key_heads * s.value_size}, 3)},
                     head_counts(s));
}

void check(const KernelCase& what) {
  expect_same_as_reference(what, cpu::make_attention_kernel, tolerance);
}

constexpr Sizes odd_sizes[] = {
    {1, 1, 1, 1, 1, 1, 1},      {2, 3, 3, 5, 7, 9, 11},      {1, 2, 2, 17, 33, 64, 64},
    {1, 4, 2, 15, 16, 32, 32},  {2, 6, 1, 3, 40, 8, 24},     {1, 1, 1, 300, 20, 5, 3},
    {1, 2, 1, 29, 700, 16, 33}, {1, 1, 1, 13, 257, 256, 40}, {3, 2, 2, 1, 512, 80, 80},
    {0, 2, 2, 3, 4, 5, 6},      {1, 2, 2, 0, 4, 8, 8},       {1, 2, 2, 3, 0, 8, 8},
};

TEST(Attention, OfOddSizes) {
  for (const Sizes& sizes : odd_sizes) {
    check(unpacked(sizes));
    check(packed(sizes));
  }
}

// Queries, keys and values side by side in the rows of one tensor, or otherwise apart.
TEST(Attention, ReadsPartsOfWiderRows) {
  const auto layout = [](std::string_view text) { return Layout::parse(text); };
  const Sizes s{2, 3, 3, 11, 13, 8, 8};
  KernelCase joint = packed(s);
  joint.layouts = {layout("p1x72"), layout("p1x72"), layout("p1x72")};
  check(joint);
  joint.layouts = {layout("p1x25"), Layout{}, layout("p2x331")};
  check(joint);
  KernelCase apart = unpacked(s);
  apart.layouts = {layout("p1x24"), layout("p2x111"), layout("p1x9")};
  check(apart);
}

TEST(Attention, ScalesWhatItIsToldTo) {
  Attributes attributes;
  attributes.set("scale", 0.3);
  check(unpacked({1, 2, 2, 20, 30, 16, 16}, attributes));
}

TEST(Attention, IsCausal) {
  for (const Sizes& sizes : odd_sizes) {
    KernelCase what = packed(sizes);
    what.problem.attributes.set("is_causal", int64_t{1});
    check(what);
  }
}

TEST(Attention, AddsMasks) {
  const Sizes s{2, 3, 3, 19, 300, 8, 8};
  for (const Shape& shape : {Shape{300}, Shape{19, 300}, Shape{1, 300}, Shape{3, 1, 300},
                             Shape{2, 1, 1, 300}, Shape{1, 3, 19, 300}, Shape{2, 3, 19, 300}})
    for (bool causal : {false, true}) {
      KernelCase what = unpacked(s);
      what.problem.attributes.set("is_causal", static_cast<int64_t>(causal));
      what.inputs.emplace_back(random(shape, 4));
      check(what);
      what.inputs[3] = random_tensor(boolean, shape, 0, 2, 5);
      check(what);
    }
}

// The first block of keys, all keys, or all but one are out of sight.
TEST(Attention, LooksAtNothingThatIsForbidden) {
  const Sizes s{1, 1, 1, 4, 600, 8, 8};
  Tensor mask(float32, {4, 600});
  const float forbidden = -std::numeric_limits<float>::infinity();
  for (int64_t j = 0; j < 600; ++j) {
    mask.view().as<float>()[j] = j < 300 ? forbidden : 0;
    mask.view().as<float>()[600 + j] = forbidden;
    mask.view().as<float>()[1200 + j] = j == 599 ? 0 : forbidden;
    mask.view().as<float>()[1800 + j] = j < 300 ? -3.4028235e38F : 0;
  }
  KernelCase what = unpacked(s);
  what.inputs.emplace_back(mask);
  check(what);
}

// Exponents far from 0 in every block, rising and falling. A float32 near 800 is 6e-5 from the
// next.
TEST(Attention, KeepsLargeScoresFinite) {
  KernelCase what = unpacked({1, 1, 1, 9, 800, 4, 4});
  Tensor mask(float32, {9, 800});
  for (int64_t i = 0; i < mask.elements(); ++i)
    mask.view().as<float>()[i] = static_cast<float>((i / 800 % 2 == 0 ? i : -i) % 800);
  what.inputs.emplace_back(mask);
  expect_same_as_reference(what, cpu::make_attention_kernel, {1e-4, 1e-4});
}

std::string reason_against(KernelCase what) {
  run_reference(what);
  Step step;
  step.problem = what.problem;
  const Plan plan;
  for (const Tactic& tactic : cpu::tactics())
    if (tactic.name == "cpu.attention") return tactic.rejects({&plan, &step, 1}).value_or("");
  return "there is no such tactic";
}

TEST(Attention, SaysWhatItDoesNotTake) {
  const Sizes s{1, 2, 2, 3, 4, 8, 8};
  EXPECT_EQ(reason_against(unpacked(s)), "");
  EXPECT_EQ(reason_against(packed(s)), "");
  EXPECT_EQ(reason_against(unpacked({1, 1, 1, 2, 2, 257, 8})),
            "heads of 257 elements, at most 256 are taken");
  KernelCase what = unpacked(s);
  what.problem.attributes.set("softcap", 2.0);
  EXPECT_EQ(reason_against(what), "softcap is not taken");
  what = unpacked(s);
  what.inputs.emplace_back(random({3, 2}, 4));
  EXPECT_EQ(reason_against(what), "the mask [3, 2] may be shorter than the keys [1, 2, 4, 8]");
  what = unpacked(s);
  what.inputs.resize(6);
  what.inputs[4] = random({1, 2, 5, 8}, 5);
  what.inputs[5] = random({1, 2, 5, 8}, 6);
  EXPECT_EQ(reason_against(what), "past_key is not taken");
  what = unpacked(s);
  what.inputs[0] = random_tensor(float64, {1, 2, 3, 8});
  EXPECT_EQ(reason_against(what), "input 0 is float64, only float32 is taken");
  what = unpacked(s);
  what.output_count = 2;
  EXPECT_EQ(reason_against(what), "output 1 is not computed");
}

}  // namespace
}  // namespace cermet
