// Operators that move elements, on the GPU.
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

Tensor integers(const std::vector<int64_t>& values) {
  return Tensor::from<int64_t>(int64, {static_cast<int64_t>(values.size())}, values);
}

const std::vector<ElementType> widths{uint8, float16, float32, float64};

KernelCase moves(std::string op, std::vector<std::optional<Tensor>> inputs,
                 Attributes attributes = {}) {
  KernelCase what =
      kernel_case(ProblemKind::movement, std::move(op), std::move(inputs), std::move(attributes));
  what.constant.assign(what.inputs.size(), true);
  what.constant[0] = false;
  return what;
}

Attributes one(std::string_view name, Attribute value) {
  Attributes attributes;
  attributes.set(name, std::move(value));
  return attributes;
}

void check(KernelCase what, std::string_view tactic = "cuda.movement") {
  expect_same_on_device(std::move(what), cuda_tactic(tactic), {0, 0});
}

void transposes(ElementType type, const Shape& shape, const std::vector<int64_t>& perm) {
  check(moves("Transpose", {random_tensor(type, shape, 0, 100)}, one("perm", perm)));
}

TEST(CudaMovement, Transpose) {
  for (ElementType type : widths) {
    transposes(type, {33, 70}, {1, 0});
    transposes(type, {64, 128}, {1, 0});
    transposes(type, {2, 72, 208}, {0, 2, 1});
    transposes(type, {1, 5, 1600}, {0, 2, 1});
    transposes(type, {1600, 3}, {1, 0});
    transposes(type, {2, 3, 17, 19}, {0, 2, 3, 1});
    transposes(type, {2, 16, 16, 3}, {0, 3, 1, 2});
    transposes(type, {2, 7, 3, 32}, {0, 2, 1, 3});
    transposes(type, {2, 3, 5}, {2, 1, 0});
    transposes(type, {3, 100, 5}, {2, 1, 0});
  }
  transposes(float32, {5, 1, 4, 2, 3, 2}, {5, 3, 1, 0, 2, 4});
  transposes(float32, {6}, {0});
  transposes(float32, {}, {});
  transposes(float32, {0, 40}, {1, 0});
  check(moves("Transpose", {random_tensor(int32, {3, 50, 40})}));
}

TEST(CudaMovement, TransposeOfComplexNumbers) {
  for (ElementType type : {complex64, complex128})
    check(moves("Transpose", {Tensor(type, {40, 41})}));
}

TEST(CudaMovement, TransposeBetweenLayouts) {
  for (const bool from : {false, true})
    for (const bool to : {false, true}) {
      KernelCase what = moves("Transpose", {random_tensor(float32, {2, 20, 6, 9})},
                              one("perm", std::vector<int64_t>{0, 2, 1, 3}));
      what.layouts = {from ? Layout::channels_last(4) : Layout{}};
      what.output_layouts = {to ? Layout::channels_last(4) : Layout{}};
      check(what);
    }
}

TEST(CudaMovement, Reorder) {
  for (ElementType type : widths)
    for (const Shape& shape : {Shape{2, 3, 16, 20}, Shape{1, 64, 9, 8}, Shape{3, 5, 7, 9},
                               Shape{2, 4, 300}, Shape{2, 8, 3, 4, 5}, Shape{0, 4, 3, 3}})
      for (const bool to_last : {true, false}) {
        KernelCase what =
            kernel_case(ProblemKind::reorder, "Identity", {random_tensor(type, shape, 0, 100)});
        const Layout last = Layout::channels_last(static_cast<int>(shape.size()));
        what.layouts = {to_last ? Layout{} : last};
        what.output_layouts = {to_last ? last : Layout{}};
        check(what, "cuda.reorder");
      }
}

TEST(CudaMovement, Expand) {
  const std::vector<std::pair<Shape, std::vector<int64_t>>> cases{{{3, 1}, {3, 8}},
                                                                  {{1}, {5, 16}},
                                                                  {{}, {3, 4}},
                                                                  {{2, 1, 4, 1}, {2, 3, 4, 7}},
                                                                  {{5}, {5}},
                                                                  {{1, 8}, {6, 8}},
                                                                  {{4, 1, 3}, {0, 4, 1, 3}}};
  for (ElementType type : widths)
    for (const auto& [shape, to] : cases)
      check(moves("Expand", {random_tensor(type, shape, 0, 100), integers(to)}));
}

TEST(CudaMovement, CopiesOfTheSameBytes) {
  for (ElementType type : widths)
    for (const Shape& shape : {Shape{3, 7}, Shape{64, 65}, Shape{}, Shape{0, 2}, Shape{2, 5000}})
      check(moves("Identity", {random_tensor(type, shape, 0, 100)}));
  check(moves("Reshape", {random_tensor(float32, {3, 4}), integers({2, 6})}));
  check(moves("Flatten", {random_tensor(float16, {3, 4, 5})}));
  check(moves("Squeeze", {random_tensor(int64, {1, 4, 1}), integers({0})}));
  check(moves("Unsqueeze", {random_tensor(int8, {4, 3}), integers({0, 3})}));
}

TEST(CudaMovement, Concat) {
  for (ElementType type : widths)
    for (int64_t axis : {0, 1, -1}) {
      Shape a{2, 4, 8}, b = a, c = a;
      const auto d = static_cast<size_t>(axis < 0 ? axis + 3 : axis);
      b[d] = 3;
      c[d] = 0;
      KernelCase what = moves("Concat",
                              {random_tensor(type, a, 0, 100), random_tensor(type, b, 0, 100, 2),
                               random_tensor(type, c, 0, 100, 3), random_tensor(type, a, 0, 9, 4)},
                              one("axis", axis));
      what.constant.clear();
      check(what);
    }
}

TEST(CudaMovement, ConcatOfChannelsLast) {
  for (const bool to_last : {true, false}) {
    KernelCase what = moves(
        "Concat", {random_tensor(float16, {2, 8, 5, 4}), random_tensor(float16, {2, 16, 5, 4})},
        one("axis", int64_t{1}));
    what.constant.clear();
    what.layouts = {Layout::channels_last(4), Layout::channels_last(4)};
    what.output_layouts = {to_last ? Layout::channels_last(4) : Layout{}};
    check(what);
  }
}

TEST(CudaMovement, Split) {
  for (ElementType type : widths)
    for (int64_t axis : {0, 1}) {
      const Shape shape = axis == 0 ? Shape{9, 8} : Shape{8, 9};
      KernelCase what = moves("Split", {random_tensor(type, shape, 0, 100), integers({4, 0, 5})},
                              one("axis", axis));
      what.output_count = 3;
      check(what);
    }
}

void slices(const Shape& shape, const std::vector<int64_t>& starts,
            const std::vector<int64_t>& ends, std::optional<std::vector<int64_t>> axes,
            std::optional<std::vector<int64_t>> steps, bool last = false) {
  for (ElementType type : widths) {
    std::vector<std::optional<Tensor>> inputs{random_tensor(type, shape, 0, 100), integers(starts),
                                              integers(ends)};
    inputs.push_back(axes ? std::optional(integers(*axes)) : std::nullopt);
    inputs.push_back(steps ? std::optional(integers(*steps)) : std::nullopt);
    KernelCase what = moves("Slice", std::move(inputs));
    if (last) what.layouts = what.output_layouts = {Layout::channels_last(4)};
    check(std::move(what));
  }
}

TEST(CudaMovement, Slice) {
  constexpr int64_t far = INT64_MAX;
  slices({8, 16}, {0, 8}, {8, 16}, {}, {});
  slices({9, 17}, {1}, {5}, {{-1}}, {});
  slices({9, 17}, {-1, 12}, {-far, 3}, {{0, 1}}, {{-1, -2}});
  slices({5, 6, 7}, {1, 2}, {far, far}, {{1, 2}}, {{2, 3}});
  slices({5, 6}, {3}, {3}, {{0}}, {});
  slices({4}, {3}, {4}, {}, {{far}});
  slices({2, 8, 5, 6}, {0, 1}, {4, -1}, {{1, 3}}, {}, true);
  slices({2, 8, 5, 6}, {-1}, {-9}, {{1}}, {{-1}}, true);
}

TEST(CudaMovement, Tile) {
  for (ElementType type : widths) {
    check(moves("Tile", {random_tensor(type, {3, 8}, 0, 100), integers({2, 3})}));
    check(moves("Tile", {random_tensor(type, {2, 1, 5}, 0, 100), integers({1, 4, 2})}));
    check(moves("Tile", {random_tensor(type, {4}, 0, 100), integers({0})}));
    check(moves("Tile", {random_tensor(type, {0, 3}, 0, 100), integers({2, 2})}));
  }
}

TEST(CudaMovement, BlocksOfDepthAndSpace) {
  for (ElementType type : widths)
    for (const char* mode : {"DCR", "CRD"})
      for (const bool last : {false, true}) {
        Attributes attributes = one("blocksize", int64_t{2});
        attributes.set("mode", std::string(mode));
        KernelCase what =
            moves("DepthToSpace", {random_tensor(type, {2, 16, 5, 6}, 0, 100)}, attributes);
        if (last) what.layouts = what.output_layouts = {Layout::channels_last(4)};
        check(what);
        KernelCase back = moves("SpaceToDepth", {random_tensor(type, {2, 3, 10, 6}, 0, 100)},
                                one("blocksize", int64_t{2}));
        if (last) back.layouts = back.output_layouts = {Layout::channels_last(4)};
        check(back);
      }
}

void pads(const Shape& shape, const std::vector<int64_t>& amounts, std::string mode,
          std::optional<double> fill = {}, std::optional<std::vector<int64_t>> axes = {},
          bool last = false) {
  for (ElementType type : widths) {
    std::vector<std::optional<Tensor>> inputs{random_tensor(type, shape, 0, 100),
                                              integers(amounts)};
    inputs.push_back(fill ? std::optional(random_tensor(type, {}, *fill, *fill + 1))
                          : std::nullopt);
    inputs.push_back(axes ? std::optional(integers(*axes)) : std::nullopt);
    KernelCase what = moves("Pad", std::move(inputs), one("mode", mode));
    what.constant[2] = false;
    if (last) what.layouts = what.output_layouts = {Layout::channels_last(4)};
    check(std::move(what), "cuda.pad");
  }
}

TEST(CudaMovement, Pad) {
  for (const char* mode : {"constant", "edge", "reflect", "wrap"}) {
    pads({2, 3, 6, 8}, {0, 0, 1, 2, 0, 0, 3, 4}, mode, 7);
    pads({2, 8, 5, 7}, {0, 0, 2, 1, 0, 0, 2, 3}, mode, {}, {}, true);
    pads({5, 9}, {-1, 2, 1, -3}, mode);
    pads({6, 16}, {2, 1}, mode, 5, {{0}});
    pads({4, 0}, {1, 0, 0, 0}, mode);
  }
  pads({4}, {9, 9}, "wrap");
  pads({4}, {9, 9}, "edge");
  pads({}, {}, "constant");
  pads({3, 0}, {0, 2, 0, 1}, "constant", 3);
}

TEST(CudaMovement, SaysWhatItRejects) {
  KernelCase what = moves("Slice", {random_tensor(float32, {4}), integers({0}), integers({2})});
  what.constant.clear();
  EXPECT_EQ(rejection(what, cuda_tactic("cuda.movement")), "input 1 is no constant");
}

}  // namespace
}  // namespace cermet
