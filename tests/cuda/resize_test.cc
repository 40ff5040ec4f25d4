// Images resized and sampled on the GPU.
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

struct Options {
  std::string mode = "linear", transform = "half_pixel", nearest = "round_prefer_floor";
  std::vector<int64_t> axes = {};
  bool antialias = false, exclude_outside = false, sizes = false, last = false;
  std::vector<float> roi = {};
};

void check(ElementType type, const Shape& shape, const std::vector<double>& factors,
           const Options& options) {
  Attributes attributes;
  attributes.set("mode", options.mode);
  attributes.set("coordinate_transformation_mode", options.transform);
  attributes.set("nearest_mode", options.nearest);
  attributes.set("extrapolation_value", 7.0);
  if (!options.axes.empty()) attributes.set("axes", options.axes);
  if (options.antialias) attributes.set("antialias", int64_t{1});
  if (options.exclude_outside) attributes.set("exclude_outside", int64_t{1});
  std::vector<std::optional<Tensor>> inputs{random_tensor(type, shape, 0, 100)};
  const auto count = static_cast<int64_t>(factors.size());
  inputs.push_back(options.roi.empty()
                       ? std::nullopt
                       : std::optional(Tensor::from<float>(float32, {2 * count}, options.roi)));
  if (options.sizes) {
    inputs.emplace_back();
    inputs.emplace_back(Tensor::from<int64_t>(
        int64, {count}, std::vector<int64_t>(factors.begin(), factors.end())));
  } else {
    inputs.emplace_back(
        Tensor::from<float>(float32, {count}, std::vector<float>(factors.begin(), factors.end())));
  }
  KernelCase what =
      kernel_case(ProblemKind::resample, "Resize", std::move(inputs), std::move(attributes));
  what.constant.assign(what.inputs.size(), true);
  what.constant[0] = false;
  if (options.last)
    what.layouts = what.output_layouts = {Layout::channels_last(static_cast<int>(shape.size()))};
  const double bits = type == float16 ? 1e-3 : type == bfloat16 ? 8e-3 : 2e-5;
  expect_same_on_device(std::move(what), cuda_tactic("cuda.resize"), {bits, 1e-3});
}

const std::vector<const char*> transforms{"half_pixel",         "half_pixel_symmetric",
                                          "pytorch_half_pixel", "align_corners",
                                          "asymmetric",         "tf_half_pixel_for_nn"};

TEST(CudaResize, EveryTransform) {
  for (const char* transform : transforms)
    for (const char* mode : {"nearest", "linear", "cubic"})
      check(float32, {1, 2, 7, 9}, {1, 1, 1.7, 0.6}, {.mode = mode, .transform = transform});
}

TEST(CudaResize, EveryWayToTheNearest) {
  for (const char* nearest : {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"})
    for (ElementType type : {uint8, float16, float32, float64})
      check(type, {2, 3, 6, 5}, {1, 1, 2, 1.5}, {.mode = "nearest", .nearest = nearest});
}

TEST(CudaResize, EveryType) {
  for (ElementType type : {float32, float64, float16, bfloat16, uint8, int8, int32, int64})
    for (const char* mode : {"linear", "cubic"}) {
      check(type, {1, 8, 5, 4}, {1, 1, 2, 2}, {.mode = mode});
      check(type, {1, 8, 5, 4}, {1, 1, 2, 2}, {.mode = mode, .last = true});
    }
}

TEST(CudaResize, ChannelsLast) {
  for (const char* mode : {"nearest", "linear"})
    for (int64_t channels : {3, 16})
      check(float16, {2, channels, 6, 5}, {1, 1, 2, 3}, {.mode = mode, .last = true});
}

TEST(CudaResize, OtherRanksAndAxes) {
  check(float32, {2, 3, 9}, {1, 1, 2.5}, {.mode = "linear"});
  check(float32, {1, 2, 4, 5, 6}, {1, 1, 2, 2, 0.5}, {.mode = "linear"});
  check(float32, {2, 3, 4, 5}, {8, 7}, {.mode = "cubic", .axes = {2, 3}, .sizes = true});
  check(float32, {4, 6}, {2, 0.5}, {.mode = "nearest"});
  check(float32, {1, 1, 4, 4}, {1, 1, 1, 1}, {.mode = "cubic"});
  check(float32, {1, 1, 40, 30}, {1, 1, 120.5, 1}, {.mode = "linear"});
  check(float32, {0, 2, 4, 4}, {1, 1, 2, 2}, {.mode = "linear"});
}

TEST(CudaResize, CropsAndBorders) {
  const std::vector<float> roi{0, 0, 0.2f, -0.3f, 1, 1, 0.9f, 1.2f};
  for (const char* mode : {"nearest", "linear", "cubic"})
    for (ElementType type : {float32, int32})
      for (bool last : {false, true})
        check(type, {1, 4, 6, 8}, {1, 4, 5, 11},
              {.mode = mode,
               .transform = "tf_crop_and_resize",
               .sizes = true,
               .last = last,
               .roi = roi});
  for (const char* mode : {"linear", "cubic"}) {
    check(float32, {1, 2, 12, 9}, {1, 1, 0.4, 0.7}, {.mode = mode, .antialias = true});
    check(float32, {1, 2, 6, 5}, {1, 1, 2, 0.7}, {.mode = mode, .exclude_outside = true});
  }
}

void check_sampling(KernelCase what, ElementType type = float32) {
  const double bits = type == float16 ? 2e-3 : 2e-5;
  expect_same_on_device(std::move(what), cuda_tactic("cuda.grid_sample"), {bits, 1e-4});
}

void sample(ElementType type, const Shape& image, const Shape& grid, Attributes attributes,
            bool last = false) {
  KernelCase what =
      kernel_case(ProblemKind::reference, "GridSample",
                  {random_tensor(type, image, 1, 100), random_tensor(float32, grid, -1.4, 1.4, 2)},
                  std::move(attributes));
  if (last)
    what.layouts = what.output_layouts = {Layout::channels_last(static_cast<int>(image.size()))};
  check_sampling(std::move(what), type);
}

TEST(CudaGridSample, EveryMode) {
  for (const char* mode : {"nearest", "linear", "cubic"})
    for (const char* border : {"zeros", "border", "reflection"})
      for (int64_t corners : {0, 1}) {
        Attributes attributes;
        attributes.set("mode", std::string(mode));
        attributes.set("padding_mode", std::string(border));
        attributes.set("align_corners", corners);
        sample(float32, {2, 5, 7, 6}, {2, 4, 9, 2}, attributes);
      }
}

TEST(CudaGridSample, TypesRanksAndLayouts) {
  for (ElementType type : {float16, float64, int32, uint8})
    sample(type, {1, 4, 6, 5}, {1, 7, 3, 2}, {}, type == float16);
  Attributes nearest;
  nearest.set("mode", std::string("nearest"));
  sample(float32, {1, 3, 4, 5, 6}, {1, 2, 3, 4, 3}, nearest);
  sample(float32, {1, 3, 4, 5, 6}, {1, 2, 3, 4, 3}, {});
  sample(float32, {2, 9, 4, 5}, {2, 3, 3, 2}, {}, true);
}

TEST(CudaGridSample, AffineGrid) {
  for (int64_t corners : {0, 1})
    for (const std::vector<int64_t>& size :
         {std::vector<int64_t>{2, 3, 5, 6}, std::vector<int64_t>{2, 3, 4, 5, 6}}) {
      const auto rank = static_cast<int64_t>(size.size()) - 2;
      Attributes attributes;
      attributes.set("align_corners", corners);
      KernelCase what = kernel_case(ProblemKind::reference, "AffineGrid",
                                    {random_tensor(float32, {2, rank, rank + 1}),
                                     Tensor::from<int64_t>(int64, {rank + 2}, size)},
                                    attributes);
      what.constant = {false, true};
      check_sampling(std::move(what));
    }
}

TEST(CudaGridSample, RoiAlign) {
  for (const char* mode : {"avg", "max"})
    for (const char* transform : {"half_pixel", "output_half_pixel"})
      for (int64_t ratio : {0, 2})
        for (bool last : {false, true}) {
          Attributes attributes;
          attributes.set("mode", std::string(mode));
          attributes.set("coordinate_transformation_mode", std::string(transform));
          attributes.set("sampling_ratio", ratio);
          attributes.set("output_height", int64_t{3});
          attributes.set("output_width", int64_t{2});
          attributes.set("spatial_scale", 0.5);
          KernelCase what = kernel_case(
              ProblemKind::reference, "RoiAlign",
              {random_tensor(float32, {2, 3, 9, 8}),
               Tensor::from<float>(float32, {3, 4}, {0, 0, 9, 9, 3.5f, 2, 12, 17.5f, -4, 5, 5, 5}),
               Tensor::from<int64_t>(int64, {3}, {1, 0, 1})},
              attributes);
          if (last) what.layouts = {Layout::channels_last(4)};
          check_sampling(std::move(what));
        }
}

}  // namespace
}  // namespace cermet
