// Attention on the GPU.
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

struct Sizes {
  int64_t batch, heads, key_heads, queries, keys, size, value_size;
};

Tensor random(ElementType type, Shape shape, uint32_t seed) {
  return random_tensor(type, std::move(shape), -2, 2, seed);
}

KernelCase unpacked(ElementType type, const Sizes& s) {
  return kernel_case(ProblemKind::attention, "Attention",
                     {random(type, {s.batch, s.heads, s.queries, s.size}, 1),
                      random(type, {s.batch, s.key_heads, s.keys, s.size}, 2),
                      random(type, {s.batch, s.key_heads, s.keys, s.value_size}, 3)});
}

KernelCase packed(ElementType type, const Sizes& s) {
  KernelCase what = kernel_case(ProblemKind::attention, "Attention",
                                {random(type, {s.batch, s.queries, s.heads * s.size}, 1),
                                 random(type, {s.batch, s.keys, s.key_heads * s.size}, 2),
                                 random(type, {s.batch, s.keys, s.key_heads * s.value_size}, 3)});
  what.problem.attributes.set("q_num_heads", s.heads);
  what.problem.attributes.set("kv_num_heads", s.key_heads);
  return what;
}

Tolerance tolerance_of(ElementType type) {
  if (type == float16) return {2e-3, 2e-3};
  if (type == bfloat16) return {2e-2, 2e-2};
  return {1e-5, 1e-5};
}

// Head sizes stay numbers where the other sizes are symbols.
void check(const KernelCase& what, const Sizes& s) {
  const ElementType type = what.inputs[0]->type();
  const bool small = type == float16 || type == bfloat16;
  const std::vector<int64_t> fixed{s.size, s.value_size, s.heads * s.size, s.key_heads * s.size,
                                   s.key_heads * s.value_size};
  expect_same_on_device(what, cuda_tactic(small ? "cuda.attention" : "cuda.attention-exact"),
                        tolerance_of(type), fixed);
}

constexpr Sizes odd_sizes[] = {
    {1, 1, 1, 1, 1, 1, 1},       {2, 3, 3, 5, 7, 9, 11},      {1, 2, 2, 17, 33, 64, 64},
    {1, 4, 2, 15, 16, 32, 32},   {2, 6, 1, 3, 40, 8, 24},     {1, 1, 1, 150, 20, 5, 3},
    {1, 2, 1, 29, 200, 16, 33},  {1, 1, 1, 13, 77, 256, 40},  {3, 2, 2, 1, 300, 80, 80},
    {0, 2, 2, 3, 4, 5, 6},       {1, 2, 2, 0, 4, 8, 8},       {1, 2, 2, 3, 0, 8, 8},
    {2, 2, 2, 128, 128, 64, 64}, {1, 1, 1, 70, 65, 128, 128}, {1, 1, 1, 66, 40, 256, 256},
    {1, 1, 1, 40, 70, 96, 96},   {1, 1, 1, 67, 64, 40, 40},   {1, 2, 2, 65, 130, 8, 8},
};

TEST(CudaAttention, OfOddSizes) {
  bool is_packed = false;
  for (const Sizes& sizes : odd_sizes) {
    is_packed = !is_packed;
    for (ElementType type : {float16, bfloat16, float32})
      check(is_packed == (type == float16) ? packed(type, sizes) : unpacked(type, sizes), sizes);
  }
}

// Factors have 11 bits.
TEST(CudaAttention, RoundsToTf32) {
  for (const Sizes& sizes : odd_sizes) {
    KernelCase what = packed(float32, sizes);
    what.problem.attributes.set("is_causal", static_cast<int64_t>(sizes.heads > 1));
    expect_same_on_device(what, cuda_tactic("cuda.attention"), {1e-2, 5e-3},
                          {sizes.heads * sizes.size, sizes.key_heads * sizes.size,
                           sizes.key_heads * sizes.value_size});
  }
}

TEST(CudaAttention, OfDoubles) {
  for (const Sizes& sizes : {Sizes{2, 3, 3, 5, 7, 9, 11}, Sizes{1, 2, 1, 29, 90, 64, 33},
                             Sizes{1, 1, 1, 20, 40, 256, 8}})
    check(unpacked(float64, sizes), sizes);
}

TEST(CudaAttention, IsCausal) {
  for (ElementType type : {float16, float32})
    for (size_t i = type == float16 ? 0 : 1; i < std::size(odd_sizes); i += 2) {
      KernelCase what = packed(type, odd_sizes[i]);
      what.problem.attributes.set("is_causal", int64_t{1});
      check(what, odd_sizes[i]);
    }
}

TEST(CudaAttention, ScalesAndCaps) {
  const Sizes s{1, 2, 2, 20, 90, 16, 16};
  for (ElementType type : {float16, bfloat16, float32})
    for (const auto& [scale, cap] : {std::pair{0.3, 0.0}, {-0.2, 0.0}, {0.0, 0.0}, {0.25, 3.0}}) {
      KernelCase what = unpacked(type, s);
      what.problem.attributes.set("scale", scale);
      what.problem.attributes.set("softcap", cap);
      check(what, s);
    }
}

TEST(CudaAttention, AddsMasks) {
  bool allows = false;
  for (const Sizes& s : {Sizes{2, 6, 3, 70, 150, 8, 8}, Sizes{2, 6, 3, 4, 151, 16, 8}})
    for (const Shape& shape :
         {Shape{s.keys}, Shape{s.queries, s.keys}, Shape{1, s.keys}, Shape{6, 1, s.keys},
          Shape{2, 1, 1, s.keys}, Shape{1, 6, s.queries, s.keys}, Shape{2, 6, s.queries, s.keys},
          Shape{2, 1, s.queries, s.keys - 20}, Shape{s.keys - 19}}) {
      allows = !allows;
      for (ElementType type : {float16, float32}) {
        KernelCase what = unpacked(type, s);
        what.problem.attributes.set("is_causal", static_cast<int64_t>(shape.size() == 3));
        what.inputs.emplace_back(allows ? random_tensor(boolean, shape, 0, 2, 5)
                                        : random(shape.size() == 1 ? float32 : type, shape, 4));
        check(what, s);
      }
    }
}

// The first tile of keys, all keys, or all but one are out of sight; or all are as low as can be.
TEST(CudaAttention, LooksAtNothingThatIsForbidden) {
  const Sizes s{1, 1, 1, 5, 300, 8, 8};
  Tensor mask(float32, {5, 300});
  const float forbidden = -std::numeric_limits<float>::infinity();
  const float lowest = std::numeric_limits<float>::lowest();
  for (int64_t j = 0; j < 300; ++j) {
    float* to = mask.view().as<float>() + j;
    to[0] = j < 150 ? forbidden : 0;
    to[300] = forbidden;
    to[600] = j == 299 ? 0 : forbidden;
    to[900] = j < 150 ? lowest : 0;
    to[1200] = lowest;
  }
  for (ElementType type : {float16, bfloat16, float32}) {
    KernelCase what = unpacked(type, s);
    what.inputs.emplace_back(mask);
    check(what, s);
  }
}

// Exponents far from 0 in every tile, rising and falling.
TEST(CudaAttention, KeepsLargeScoresFinite) {
  const Sizes s{1, 1, 1, 9, 300, 4, 4};
  Tensor mask(float32, {9, 300});
  for (int64_t i = 0; i < mask.elements(); ++i)
    mask.view().as<float>()[i] = static_cast<float>((i / 300 % 2 == 0 ? i : -i) % 300);
  for (ElementType type : {float16, float32}) {
    KernelCase what = unpacked(type, s);
    what.inputs.emplace_back(mask);
    const bool small = type == float16;
    expect_same_on_device(what, cuda_tactic(small ? "cuda.attention" : "cuda.attention-exact"),
                          small ? tolerance_of(type) : Tolerance{1e-4, 1e-4}, {4});
  }
}

Tensor lengths_of(const std::vector<int64_t>& lengths) {
  return Tensor::from<int64_t>(int64, {static_cast<int64_t>(lengths.size())}, lengths);
}

TEST(CudaAttention, StopsAtLengths) {
  for (const Sizes& s : {Sizes{3, 2, 2, 70, 90, 16, 16}, Sizes{3, 4, 2, 3, 200, 16, 16}})
    for (ElementType type : {float16, float32}) {
      KernelCase what = unpacked(type, s);
      what.inputs.resize(7);
      what.inputs[6] = lengths_of({40, 0, s.keys});
      check(what, s);
    }
}

TEST(CudaAttention, AppendsToThePast) {
  for (const Sizes& s :
       {Sizes{2, 4, 2, 1, 1, 16, 24}, Sizes{1, 4, 2, 70, 70, 64, 64}, Sizes{2, 2, 2, 3, 3, 9, 7}})
    for (ElementType type : {float16, bfloat16, float32, float64})
      for (bool is_packed : {false, true}) {
        if (type == float64 && s.queries == 70) continue;
        KernelCase what = is_packed ? packed(type, s) : unpacked(type, s);
        what.problem.attributes.set("is_causal", int64_t{1});
        what.inputs.resize(6);
        what.inputs[4] = random(type, {s.batch, s.key_heads, 75, s.size}, 5);
        what.inputs[5] = random(type, {s.batch, s.key_heads, 75, s.value_size}, 6);
        what.output_count = 3;
        if (type == float64)
          expect_same_on_device(what, cuda_tactic("cuda.attention-exact"), {1e-5, 1e-5},
                                {s.size, s.value_size});
        else
          check(what, s);
      }
}

TEST(CudaAttention, ShowsItsScores) {
  const Sizes s{2, 4, 2, 18, 70, 16, 16};
  for (ElementType type : {float32, float16})
    for (int64_t stage : {0, 1, 2, 3}) {
      KernelCase what = unpacked(type, s);
      what.problem.attributes.set("qk_matmul_output_mode", stage);
      what.problem.attributes.set("softcap", 4.0);
      what.problem.attributes.set("is_causal", int64_t{1});
      what.inputs.emplace_back(random(float32, {2, 1, 18, 70}, 4));
      what.output_count = 4;
      expect_same_on_device(what, cuda_tactic("cuda.attention-exact"), tolerance_of(type), {16});
    }
}

// Queries, keys and values side by side in the rows of one tensor, or otherwise apart.
TEST(CudaAttention, ReadsPartsOfWiderRows) {
  const auto layout = [](std::string_view text) { return Layout::parse(text); };
  const Sizes s{2, 2, 2, 70, 90, 16, 16};
  for (ElementType type : {float16, float32}) {
    KernelCase joint = packed(type, s);
    joint.layouts = {layout("p1x96"), layout("p1x96"), layout("p1x96")};
    check(joint, s);
    joint.layouts = {layout("p1x34"), layout("row-major"), layout("p2x2885")};
    check(joint, s);
    KernelCase apart = unpacked(type, s);
    apart.layouts = {layout("p1x48"), layout("p2x1600"), layout("p1x19")};
    check(apart, s);
    apart.problem.attributes.set("is_causal", int64_t{1});
    apart.inputs.resize(6);
    apart.inputs[4] = random(type, {s.batch, s.key_heads, 75, s.size}, 5);
    apart.inputs[5] = random(type, {s.batch, s.key_heads, 75, s.value_size}, 6);
    apart.output_count = 3;
    check(apart, s);
  }
}

// All tilings, with keys that end after each part of a tile.
TEST(CudaAttention, ComputesNoMoreOfTheLastTileThanThereIs) {
  for (int64_t keys : {1, 16, 17, 48, 63, 64, 65, 81, 127})
    for (ElementType type : {float16, float32}) {
      const Sizes s{1, 2, 2, 100, keys, 16, 16};
      KernelCase what = packed(type, s);
      what.problem.attributes.set("is_causal", static_cast<int64_t>(keys % 2));
      expect_same_on_device(what, cuda_tactic("cuda.attention"), {1e-2, 5e-3}, {32});
    }
}

TEST(CudaAttention, SaysWhatItDoesNotTake) {
  const Sizes s{1, 2, 2, 3, 4, 8, 8};
  const auto reason = [](const KernelCase& what) {
    return rejection(what, cuda_tactic("cuda.attention"));
  };
  EXPECT_EQ(reason(unpacked(float16, s)), "");
  EXPECT_EQ(reason(packed(bfloat16, s)), "");
  EXPECT_EQ(reason(unpacked(float64, s)), "takes float16, bfloat16 and float32, not float64");
  EXPECT_EQ(reason(unpacked(float16, {1, 1, 1, 2, 2, 257, 8})),
            "heads of 257 elements, 1 to 256 are taken");
  KernelCase what = unpacked(float16, s);
  what.output_count = 4;
  EXPECT_EQ(reason(what), "scores are not shown");
  what = packed(float16, s);
  what.layouts = {Layout{}, Layout::parse("102")};
  EXPECT_EQ(reason(what), "input 1 has the layout 102");
  what.layouts = {};
  what.output_layouts = {Layout::parse("p1x32")};
  EXPECT_EQ(reason(what), "results have to be row-major");
}

}  // namespace
}  // namespace cermet
