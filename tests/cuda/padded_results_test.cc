// Results whose sizes depend on data, padded.
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

constexpr Tolerance exact{0, 0};

KernelCase padded_case(std::string op, std::vector<std::optional<Tensor>> inputs,
                       Attributes attributes = {}) {
  KernelCase what =
      kernel_case(ProblemKind::reference, std::move(op), std::move(inputs), std::move(attributes));
  what.problem.domain = "cermet";
  what.output_count = 2;
  return what;
}

// Zeros but for the elements that `keep` takes.
template <class Keep>
Tensor marked(ElementType type, const Shape& shape, const Keep& keep) {
  Tensor tensor(type, shape);
  for (int64_t i = 0; i < tensor.elements(); ++i)
    store_element<double>(tensor.view(), i, keep(i) ? 1 + static_cast<double>(i % 7) : 0);
  return tensor;
}

void check_nonzero(Tensor x) {
  expect_same_on_device(padded_case("PaddedNonZero", {std::move(x)}), cuda_tactic("cuda.nonzero"),
                        exact);
}

TEST(CudaPaddedNonZero, FindsPlacesOfEveryType) {
  const auto some = [](int64_t i) { return i % 3 == 1 || i % 11 == 0; };
  for (ElementType type : {boolean, int8, uint8, int32, int64, float16, bfloat16, float32, float64})
    check_nonzero(marked(type, {5, 7, 31}, some));
}

TEST(CudaPaddedNonZero, KnowsEverySize) {
  const auto third = [](int64_t i) { return i * i % 3 == 1; };
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{1000}, Shape{3, 5000}, Shape{2, 3, 4, 5},
                             Shape{20011}, Shape{0}, Shape{4, 0}})
    check_nonzero(marked(float32, shape, third));
}

TEST(CudaPaddedNonZero, FindsNoneAndAll) {
  check_nonzero(marked(boolean, {6000}, [](int64_t) { return false; }));
  check_nonzero(marked(boolean, {6000}, [](int64_t) { return true; }));
  check_nonzero(marked(boolean, {9000}, [](int64_t i) { return i >= 8990; }));
}

struct Suppression {
  int64_t batches = 1, classes = 1, boxes = 1;
  int64_t most = 10;
  double iou = 0.3;
  std::optional<double> score = {};
  bool center = false;
  ElementType type = float32;
  bool constant = true;
};

KernelCase kernel_case(const Suppression& what) {
  Attributes attributes;
  attributes.set("center_point_box", int64_t{what.center});
  Tensor most(int64, {1});
  store_element<int64_t>(most.view(), 0, what.most);
  // Few different scores, so that many are equal.
  Tensor scores(what.type, {what.batches, what.classes, what.boxes});
  for (int64_t i = 0; i < scores.elements(); ++i)
    store_element<double>(scores.view(), i, static_cast<double>(i * 7919 % 13) / 8 - 0.25);
  std::vector<std::optional<Tensor>> inputs{
      random_tensor(what.type, {what.batches, what.boxes, 4}, 0, 8, 1), std::move(scores),
      std::move(most),
      Tensor::from(float32, {1}, std::vector<float>{static_cast<float>(what.iou)})};
  if (what.score)
    inputs.emplace_back(
        Tensor::from(float32, {}, std::vector<float>{static_cast<float>(*what.score)}));
  KernelCase made =
      padded_case("PaddedNonMaxSuppression", std::move(inputs), std::move(attributes));
  made.constant = {false, false, what.constant, what.constant, what.constant};
  made.constant.resize(made.inputs.size());
  return made;
}

void check(const Suppression& what) {
  expect_same_on_device(kernel_case(what), cuda_tactic("cuda.suppression"), exact, {4, 3});
}

TEST(CudaPaddedSuppression, KeepsTheBest) {
  check({1, 1, 6, 3});
  check({2, 3, 70, 10, 0.3, 0.5});
  check({2, 3, 70, 10, 0.3, 0.5, true});
  check({1, 4, 300, 300, 0.7});
  check({1, 2, 1500, 20, 0.5, 0.0});
}

TEST(CudaPaddedSuppression, KnowsTheEnds) {
  check({1, 2, 50, 0});
  check({1, 2, 50, -3});
  check({1, 2, 50, 5, 0.5, 10.0});
  check({1, 2, 50, 5, 1.0});
  check({1, 2, 50, 5, 0.0});
  check({0, 2, 50, 5});
  check({1, 2, 0, 5});
}

TEST(CudaPaddedSuppression, TakesNumbersThatAreComputed) {
  check({2, 2, 40, 6, 0.4, 0.25, false, float32, false});
}

TEST(CudaPaddedSuppression, ReadsShortFloats) {
  check({1, 2, 40, 6, 0.4, 0.25, false, float16});
  check({1, 2, 40, 6, 0.4, 0.25, true, bfloat16});
}

TEST(CudaPaddedSuppression, RejectsDoubles) {
  EXPECT_EQ(rejection(kernel_case(Suppression{1, 1, 4, 2, 0.5, {}, false, float64}),
                      cuda_tactic("cuda.suppression")),
            "boxes and scores of float64 are not compared");
}

}  // namespace
}  // namespace cermet
