// DeformConv on the GPU.
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

struct Case {
  ElementType type = float32;
  Shape image, weights, result;  // spatial sizes of the result
  int64_t group = 1, offset_group = 1;
  std::vector<int64_t> strides = {}, pads = {};
  bool bias = true, mask = true;
};

void check(const Case& what) {
  int64_t taps = what.offset_group;
  for (size_t d = 2; d < what.weights.size(); ++d) taps *= what.weights[d];
  Shape offsets{what.image[0], taps * static_cast<int64_t>(what.result.size())};
  Shape mask{what.image[0], taps};
  offsets.insert(offsets.end(), what.result.begin(), what.result.end());
  mask.insert(mask.end(), what.result.begin(), what.result.end());
  std::vector<std::optional<Tensor>> inputs{random_tensor(what.type, what.image, -1, 1, 1),
                                            random_tensor(what.type, what.weights, -1, 1, 2),
                                            random_tensor(what.type, offsets, -2, 2, 3)};
  inputs.resize(5);
  if (what.bias) inputs[3] = random_tensor(what.type, {what.weights[0]}, -1, 1, 4);
  if (what.mask) inputs[4] = random_tensor(what.type, mask, 0, 1, 5);
  Attributes attributes;
  attributes.set("group", what.group);
  attributes.set("offset_group", what.offset_group);
  if (!what.strides.empty()) attributes.set("strides", what.strides);
  if (!what.pads.empty()) attributes.set("pads", what.pads);
  KernelCase made =
      kernel_case(ProblemKind::reference, "DeformConv", std::move(inputs), std::move(attributes));
  made.constant = {false, true};
  const Tolerance tolerance = what.type == float16 ? Tolerance{4e-3, 1e-2} : Tolerance{1e-4, 1e-4};
  expect_same_on_device(std::move(made), cuda_tactic("cuda.deformable"), tolerance);
}

TEST(CudaDeformable, Planes) {
  check({.image = {2, 4, 6, 7}, .weights = {5, 4, 3, 3}, .result = {4, 5}});
  check({.image = {2, 4, 6, 7},
         .weights = {10, 2, 3, 2},
         .result = {3, 8},
         .group = 2,
         .offset_group = 2,
         .strides = {2, 1},
         .pads = {1, 1, 1, 1},
         .bias = false,
         .mask = false});
  check({.type = float16, .image = {1, 3, 5, 5}, .weights = {9, 3, 2, 2}, .result = {4, 4}});
}

TEST(CudaDeformable, OtherRanks) {
  check({.image = {2, 3, 9}, .weights = {4, 3, 3}, .result = {7}});
  check({.image = {1, 2, 4, 5, 3}, .weights = {3, 2, 2, 2, 2}, .result = {3, 4, 2}});
}

TEST(CudaDeformable, NothingToCompute) {
  check({.image = {0, 4, 6, 7}, .weights = {5, 4, 3, 3}, .result = {4, 5}});
}

}  // namespace
}  // namespace cermet
