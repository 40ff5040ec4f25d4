#include "tests/ops/operator_case.h"

namespace cermet::testing {
namespace {

using Texts = std::vector<std::string>;

const Tensor w = reals({1, 4, 2}, {.5f, -.5f, 1, 1, 0, .25f, -1, .5f});
const Tensor r = reals({1, 4, 1}, {.1f, .2f, .3f, .4f});

Tensor gates(const Tensor& weights, int64_t count) {
  const Shape shape{1, count, weights.shape()[2]};
  return Tensor::copy_of({ElementType::float32, shape, weights.data()});
}

std::vector<double> first_output(const char* name, const std::vector<std::optional<Value>>& inputs,
                                 const Attributes& attributes = {}) {
  return load_all<double>(evaluated(name, inputs, attributes)[0].tensor.view());
}

void expect_near(const std::vector<double>& got, const std::vector<double>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-6);
}

TEST(Recurrent, ShapesOfBothLayouts) {
  const Dim t = sym("T");
  const Dim b = sym("B");
  const Attributes both = with({{"direction", "bidirectional"}});
  EXPECT_EQ(inferred("LSTM", {floats({t, b, 8}), floats({2, 16, 8}), floats({2, 16, 4})}, both, 3),
            "float32[T, 2, B, 4]; float32[2, B, 4]; float32[2, B, 4]");
  EXPECT_EQ(inferred("GRU", {floats({b, t, 8}), floats({1, 12, 8}), floats({1, 12, 4})},
                     with({{"layout", int64_t{1}}}), 2),
            "float32[B, T, 1, 4]; float32[B, 1, 4]");
  EXPECT_THROW(inferred("GRU", {floats({t, b, 8}), floats({1, 16, 8}), floats({1, 12, 4})}), Error);
  EXPECT_THROW(inferred("RNN", {floats({t, b, 8}), floats({1, 4, 8}), floats({1, 4, 4})},
                        with({{"activations", Texts{"Sine"}}})),
               Error);
}

TEST(Recurrent, Lstm) {
  const Tensor x = reals({2, 1, 2}, {1, 0, 0, 2});
  expect_near(first_output("LSTM", {x, w, r}), {-0.32274410, -0.08696073});
}

TEST(Recurrent, Gru) {
  const Tensor x = reals({2, 1, 2}, {0, 1, 2, 0});
  expect_near(first_output("GRU", {x, gates(w, 3), gates(r, 3)}), {0.15245190, 0.12265290});
  expect_near(
      first_output("GRU", {x, gates(w, 3), gates(r, 3), reals({1, 6}, {0, 0, .5f, 0, 0, 1})},
                   with({{"direction", "reverse"}, {"linear_before_reset", int64_t{1}}})),
      {0.65375382, 0.23697223});
}

TEST(Recurrent, RnnTakesActivationsWithParameters) {
  const Tensor x = reals({2, 1, 2}, {1, 0, 0, 2});
  expect_near(first_output("RNN", {x, gates(w, 1), gates(r, 1)},
                           with({{"activations", Texts{"Affine"}},
                                 {"activation_alpha", std::vector<double>{2}},
                                 {"activation_beta", std::vector<double>{1}}})),
              {2, -0.6});
}

TEST(Recurrent, EndsEachSequenceAtItsLength) {
  const Tensor x = reals({2, 2, 2}, {1, 0, 0, 2, 3, 1, 1, 1});
  const Tensor lengths = Tensor::from<int32_t>(ElementType::int32, {2}, {2, 1});
  const auto outputs =
      evaluated("RNN", {x, gates(w, 1), gates(r, 1), {}, lengths},
                with({{"activations", Texts{"Relu"}}, {"direction", "reverse"}}), 2);
  expect_near(load_all<double>(outputs[0].tensor.view()), {.5 + .1, 0, 1, 0});
  expect_near(load_all<double>(outputs[1].tensor.view()), {.6, 0});
  const Tensor wrong = Tensor::from<int32_t>(ElementType::int32, {2}, {3, 1});
  EXPECT_THROW(evaluated("RNN", {x, gates(w, 1), gates(r, 1), {}, wrong}), Error);
}

}  // namespace
}  // namespace cermet::testing
