// Softmax, normalisations and reductions.
#include "tests/support/kernel_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

Attributes with(std::initializer_list<std::pair<const char*, Attribute>> list) {
  Attributes attributes;
  for (const auto& [name, value] : list) attributes.set(name, value);
  return attributes;
}

Tensor random(Shape shape, uint32_t seed = 1) {
  return random_tensor(float32, std::move(shape), -3, 3, seed);
}

TEST(Softmax, AlongEveryAxis) {
  for (const char* op : {"Softmax", "LogSoftmax"})
    for (const Shape& shape : {Shape{3, 5, 7}, Shape{2, 9, 600}, Shape{40, 2}, Shape{1},
                               Shape{4, 0}, Shape{0, 4}, Shape{3, 300}, Shape{2, 3, 4, 5}})
      for (int64_t axis = -1; axis < static_cast<int64_t>(shape.size()); ++axis)
        expect_same_as_reference(
            kernel_case(ProblemKind::softmax, op, {random(shape)}, with({{"axis", axis}})),
            cpu::make_softmax_kernel, {2e-6, 2e-6});
}

TEST(Softmax, FollowsLayouts) {
  for (int64_t axis : {0, 1, 2, 3}) {
    KernelCase what = kernel_case(ProblemKind::softmax, "Softmax", {random({2, 5, 6, 7})},
                                  with({{"axis", axis}}));
    what.layouts = what.output_layouts = {Layout::channels_last(4)};
    expect_same_as_reference(what, cpu::make_softmax_kernel, {2e-6, 1e-7});
  }
}

TEST(Normalization, OfRows) {
  for (const Shape& shape : {Shape{3, 5, 7}, Shape{20, 768}, Shape{2, 3, 33}, Shape{2, 1}})
    for (int64_t axis : {-1, 1}) {
      const size_t first = axis < 0 ? shape.size() - 1 : 1;
      const Shape row(shape.begin() + static_cast<int64_t>(first), shape.end());
      const Attributes attributes = with({{"axis", axis}, {"epsilon", 1e-3}});
      expect_same_as_reference(
          kernel_case(ProblemKind::normalization, "LayerNormalization",
                      {random(shape), random(row, 2), random(row, 3)}, attributes),
          cpu::make_normalization_kernel, {1e-5, 1e-5});
      for (const char* op : {"LayerNormalization", "RMSNormalization"})
        expect_same_as_reference(kernel_case(ProblemKind::normalization, op,
                                             {random(shape), random(row, 2)}, attributes),
                                 cpu::make_normalization_kernel, {1e-5, 1e-5});
    }
}

TEST(Normalization, OfChannels) {
  for (const Shape& shape : {Shape{2, 6, 5, 7}, Shape{1, 12, 40}, Shape{3, 6, 1}}) {
    const Shape channels{shape[1]};
    for (const char* op : {"InstanceNormalization", "GroupNormalization"})
      expect_same_as_reference(
          kernel_case(ProblemKind::normalization, op,
                      {random(shape), random(channels, 2), random(channels, 3)},
                      with({{"num_groups", int64_t{3}}})),
          cpu::make_normalization_kernel, {2e-5, 2e-5});
    KernelCase batch =
        kernel_case(ProblemKind::normalization, "BatchNormalization",
                    {random(shape), random(channels, 2), random(channels, 3), random(channels, 4),
                     random_tensor(float32, channels, 0.2, 2, 5)});
    expect_same_as_reference(batch, cpu::make_normalization_kernel, {1e-5, 1e-5});
    batch.layouts = batch.output_layouts = {Layout::channels_last(static_cast<int>(shape.size()))};
    expect_same_as_reference(batch, cpu::make_normalization_kernel, {1e-5, 1e-5});
  }
}

constexpr const char* reductions[] = {"ReduceSum", "ReduceMean",      "ReduceMax",
                                      "ReduceMin", "ReduceProd",      "ReduceL1",
                                      "ReduceL2",  "ReduceSumSquare", "ReduceLogSumExp"};

TEST(Reduction, OverEveryAxis) {
  for (const char* op : reductions)
    for (const std::vector<int64_t>& axes :
         {std::vector<int64_t>{0}, {1}, {-1}, {0, 2}, {1, 3}, {2, 3}, {0, 1, 2, 3}})
      for (int64_t keep : {0, 1}) {
        const Tensor names =
            Tensor::from<int64_t>(int64, {static_cast<int64_t>(axes.size())}, axes);
        KernelCase what = kernel_case(ProblemKind::reduction, op,
                                      {random_tensor(float32, {3, 5, 4, 37}, 0.7, 1.2), names},
                                      with({{"keepdims", keep}}));
        what.constant = {false, true};
        expect_same_as_reference(what, cpu::make_reduction_kernel, {1e-5, 1e-5});
        what.layouts = {Layout::channels_last(4)};
        if (keep == 1) what.output_layouts = what.layouts;
        expect_same_as_reference(what, cpu::make_reduction_kernel, {1e-5, 1e-5});
      }
}

TEST(Reduction, OfSeveralSizes) {
  for (const char* op : reductions)
    for (const Shape& shape : {Shape{7}, Shape{1, 1}, Shape{8, 1030}, Shape{5, 700, 3}})
      expect_same_as_reference(
          kernel_case(ProblemKind::reduction, op, {random_tensor(float32, shape, 0.99, 1.01)}),
          cpu::make_reduction_kernel, {2e-5, 1e-5});
  expect_same_as_reference(
      kernel_case(ProblemKind::reduction, "ReduceLogSum", {random_tensor(float32, {9, 9}, 0.1, 3)}),
      cpu::make_reduction_kernel, {1e-5, 1e-5});
}

TEST(Reduction, PoolsGlobally) {
  for (const char* op : {"GlobalAveragePool", "GlobalMaxPool"})
    for (const Layout& layout : {Layout{}, Layout::channels_last(4)}) {
      KernelCase what = kernel_case(ProblemKind::pooling, op, {random({2, 70, 7, 7})});
      what.layouts = what.output_layouts = {layout};
      expect_same_as_reference(what, cpu::make_reduction_kernel, {1e-5, 1e-6});
    }
}

}  // namespace
}  // namespace cermet
