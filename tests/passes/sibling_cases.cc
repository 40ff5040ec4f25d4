#include "tests/passes/pass_cases.h"

namespace cermet::testing {
namespace {

constexpr auto f32 = ElementType::float32;

// Others for each name, so that parts can't be mistaken for one another.
ValueId numbers(GraphMaker& m, const char* name, const Shape& shape) {
  Tensor tensor = ramp(f32, shape);
  std::vector<double> values = load_all<double>(tensor.view());
  for (double& value : values) value += name[0] - 'a';
  store_all<double>(tensor.view(), values);
  return m.constant(name, std::move(tensor));
}

ValueId product(GraphMaker& m, ValueId x, const char* weights, int64_t depth, int64_t columns) {
  return m.add("MatMul", {x, numbers(m, weights, {depth, columns})});
}

ValueId convolution(GraphMaker& m, ValueId x, const char* weights, const Shape& shape,
                    Attributes attributes = {}) {
  return m.add("Conv", {x, numbers(m, weights, shape)}, std::move(attributes));
}

// One has no bias, one the same number for all columns.
void queries_keys_values(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, M, 4]");
  const ValueId q = product(m, x, "q", 4, 3), k = product(m, x, "k", 4, 2);
  m.output(m.add("Add", {q, m.constant("b", reals({3}, {1, 2, 3}))}));
  m.output(m.add("Softmax", {k}));
  m.output(m.add("Add", {m.constant("c", reals({1, 1}, {5})), product(m, x, "v", 4, 3)}));
}

void activated_alike(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[1, 4]");
  for (const char* weights : {"a", "b"}) {
    const ValueId y =
        m.add("LeakyRelu", {product(m, x, weights, 4, 2)}, attributes({{"alpha", 0.25}}));
    m.output(m.add("Softmax", {m.add("Tanh", {y})}));
  }
}

// Two of them go one way, two another; no attribute says what holds without it.
void branches_of_a_block(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[1, 2, 3, 3]");
  const auto ones = std::vector<int64_t>{1, 1};
  const ValueId a = convolution(m, x, "a", {2, 2, 1, 1});
  const ValueId b =
      convolution(m, x, "b", {1, 2, 1, 1}, attributes({{"strides", ones}, {"kernel_shape", ones}}));
  const ValueId bias = m.constant("bias", reals({3}, {1, 2, 3}));
  const ValueId c = m.add("Conv", {x, numbers(m, "c", {3, 2, 1, 1}), bias});
  const ValueId d = convolution(m, x, "d", {1, 2, 1, 1});
  for (ValueId y : {a, c}) m.output(m.add("Relu", {y}));
  for (ValueId y : {b, d}) m.output(m.add("Sigmoid", {y}));
}

// A bias is not what follows both alike: one is added, one taken away.
void gate(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 4]");
  const ValueId bias = m.constant("bias", reals({2}, {1, 2}));
  const ValueId a = m.add("Add", {product(m, x, "a", 4, 2), bias});
  const ValueId b = m.add("Sub", {product(m, x, "b", 4, 2), bias});
  const ValueId c = product(m, x, "c", 4, 2);
  m.output(m.add("Mul", {a, m.add("Mul", {b, c})}));
}

void weights_of_another_too(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 4]");
  const ValueId shared = numbers(m, "w", {4, 2});
  m.output(m.add("MatMul", {x, shared}));
  m.output(m.add("MatMul", {m.input("y", "float32[N, 4]"), shared}));
  m.output(product(m, x, "a", 4, 2));
}

void computed_weights(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 4]");
  m.output(m.add("MatMul", {x, m.input("w", "float32[4, 2]")}));
  m.output(product(m, x, "a", 4, 2));
}

void weights_of_a_batch(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[2, 3, 4]");
  for (const char* weights : {"a", "b"})
    m.output(m.add("MatMul", {x, numbers(m, weights, {2, 4, 2})}));
}

void left_weights(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[4, 3]");
  m.output(m.add("MatMul", {numbers(m, "a", {2, 4}), x}));
  m.output(m.add("MatMul", {numbers(m, "b", {2, 4}), x}));
}

void other_windows(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[1, 2, 4, 4]");
  const Shape one{2, 2, 1, 1};
  m.output(convolution(m, x, "a", one));
  m.output(convolution(m, x, "b", {2, 2, 2, 2}));
  m.output(convolution(m, x, "c", one, attributes({{"strides", std::vector<int64_t>{2, 2}}})));
  m.output(convolution(m, x, "d", one, attributes({{"pads", std::vector<int64_t>(4, 1)}})));
  m.output(convolution(m, x, "e", {2, 1, 1, 1}, attributes({{"group", int64_t{2}}})));
  m.output(convolution(m, x, "f", {4, 1, 1, 1}, attributes({{"group", int64_t{2}}})));
}

// Each activation would be a step of its own.
void other_activations(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[1, 4]");
  m.output(m.add("Tanh", {product(m, x, "a", 4, 2)}));
  m.output(m.add("Relu", {product(m, x, "b", 4, 2)}));
}

void merged_before(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[1, 4]");
  m.output(product(m, x, "a", 4, 2));
  const auto parts = m.add_all("Split", {product(m, x, "b", 4, 2)}, 2,
                               attributes({{"axis", int64_t{1}}, {"num_outputs", int64_t{2}}}));
  for (ValueId part : parts) m.output(part);
}

}  // namespace

std::span<const PassCase> firing_siblings() {
  static constexpr PassCase cases[] = {
      {"merge-siblings", "queries-keys-values", queries_keys_values},
      {"merge-siblings", "activated-alike", activated_alike},
      {"merge-siblings", "branches", branches_of_a_block},
      {"merge-siblings", "gate", gate},
  };
  return cases;
}

std::span<const PassCase> quiet_siblings() {
  static constexpr PassCase cases[] = {
      {"merge-siblings", "weights-of-another-too", weights_of_another_too},
      {"merge-siblings", "computed-weights", computed_weights},
      {"merge-siblings", "weights-of-a-batch", weights_of_a_batch},
      {"merge-siblings", "left-weights", left_weights},
      {"merge-siblings", "other-windows", other_windows},
      {"merge-siblings", "other-activations", other_activations},
      {"merge-siblings", "merged-before", merged_before},
  };
  return cases;
}

}  // namespace cermet::testing
