#include "tests/support/kernel_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

struct ResizeCase {
  Shape x;
  std::vector<float> scales;
  std::string mode, transform;
  std::string nearest = "round_prefer_floor";
  bool antialias = false;
};

KernelCase resize(const ResizeCase& c, bool channels_last) {
  Attributes attributes;
  attributes.set("mode", c.mode);
  attributes.set("coordinate_transformation_mode", c.transform);
  attributes.set("nearest_mode", c.nearest);
  attributes.set("antialias", int64_t{c.antialias});
  Tensor scales(float32, {static_cast<int64_t>(c.scales.size())});
  std::copy(c.scales.begin(), c.scales.end(), scales.view().as<float>());
  KernelCase what = kernel_case(ProblemKind::resample, "Resize",
                                {random_tensor(float32, c.x), std::nullopt, scales}, attributes);
  what.constant = {false, false, true};
  if (channels_last) {
    const Layout last = Layout::channels_last(static_cast<int>(c.x.size()));
    what.layouts = {last};
    what.output_layouts = {last};
  }
  return what;
}

TEST(Resize, GivesWhatTheReferenceGives) {
  const std::vector<ResizeCase> cases{
      {{1, 3, 5, 7}, {1, 1, 2, 2}, "nearest", "asymmetric", "floor"},
      {{2, 17, 6, 5}, {1, 1, 1.5f, 0.7f}, "nearest", "half_pixel"},
      {{1, 4, 9, 8}, {1, 1, 0.5f, 0.25f}, "nearest", "align_corners", "ceil"},
      {{1, 3, 5, 7}, {1, 1, 2, 3}, "linear", "half_pixel"},
      {{2, 33, 8, 4}, {1, 1, 0.6f, 1.9f}, "linear", "align_corners"},
      {{1, 5, 8, 9}, {1, 1, 2, 1}, "linear", "pytorch_half_pixel"},
      {{1, 2, 6, 6}, {1, 1, 1.7f, 0.4f}, "cubic", "half_pixel"},
      {{1, 2, 16, 12}, {1, 1, 0.3f, 0.5f}, "linear", "half_pixel", "floor", true},
      {{3, 4, 10}, {1, 1, 2.5f}, "linear", "half_pixel"},
      {{1, 3, 1, 1}, {1, 1, 4, 4}, "linear", "half_pixel"},
      {{0, 3, 4, 4}, {1, 1, 2, 2}, "linear", "half_pixel"}};
  for (const ResizeCase& c : cases)
    for (bool channels_last : {false, true})
      expect_same_as_reference(resize(c, channels_last), cpu::make_resize_kernel, {1e-5, 2e-6});
}

}  // namespace
}  // namespace cermet
