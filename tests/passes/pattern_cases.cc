// Operators written out as exporters do.
#include "tests/passes/pass_cases.h"

namespace cermet::testing {
namespace {

ValueId number(GraphMaker& m, float value) { return m.constant("c", reals({}, {value})); }

Attributes last_axis() { return attributes({{"keepdims", int64_t{1}}}); }

ValueId row_mean(GraphMaker& m, ValueId x, int64_t axis) {
  return m.add("ReduceMean", {x, m.constant("axes", ints({axis}))}, last_axis());
}

// sqrt(mean(d^2) + epsilon)
ValueId root(GraphMaker& m, ValueId square, int64_t axis) {
  return m.add("Sqrt", {m.add("Add", {row_mean(m, square, axis), number(m, 1e-5F)})});
}

void layer_normalization(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 2, 3]");
  const ValueId d = m.add("Sub", {x, row_mean(m, x, -1)});
  const ValueId y = m.add("Div", {d, root(m, m.add("Pow", {d, number(m, 2)}), -1)});
  const ValueId scaled = m.add("Mul", {y, m.constant("scale", reals({3}, {1, 2, 3}))});
  m.output(m.add("Add", {m.constant("bias", reals({1, 3}, {4, 5, 6})), scaled}));
}

// Multiplied with the root's inverse, without scale and bias.
void plain_layer_normalization(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 3]");
  const ValueId d = m.add("Sub", {x, row_mean(m, x, 1)});
  const ValueId inverse = m.add("Reciprocal", {root(m, m.add("Mul", {d, d}), 1)});
  m.output(m.add("Relu", {m.add("Mul", {inverse, d})}));
}

void rms_normalization(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 3]");
  const ValueId inverse =
      m.add("Div", {number(m, 1), root(m, m.add("Pow", {x, number(m, 2)}), -1)});
  const ValueId y = m.add("Mul", {x, inverse});
  m.output(m.add("Mul", {m.constant("scale", reals({3}, {1, 2, 3})), y}));
  m.output(m.add("Neg", {x}));
}

void softmax(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 4]");
  const ValueId axes = m.constant("axes", ints({1}));
  const ValueId top = m.add("ReduceMax", {x, axes}, last_axis());
  const ValueId e = m.add("Exp", {m.add("Sub", {x, top})});
  m.output(m.add("Div", {e, m.add("ReduceSum", {e, axes}, last_axis())}));
}

ValueId erf_curve(GraphMaker& m, ValueId scaled) {
  return m.add("Add", {m.add("Erf", {scaled}), number(m, 1)});
}

// With each exporter's order of factors.
void gelu(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 3]"), y = m.input("y", "float32[N, 3]");
  const ValueId a = erf_curve(m, m.add("Div", {x, number(m, 1.41421356F)}));
  m.output(m.add("Mul", {m.add("Mul", {x, a}), number(m, 0.5F)}));
  const ValueId b = erf_curve(m, m.add("Mul", {number(m, 0.70710678F), y}));
  m.output(m.add("Mul", {m.add("Mul", {number(m, 0.5F), y}), b}));
}

void tanh_gelu(GraphMaker& m) {
  const float factor = 0.79788456F;
  const ValueId x = m.input("x", "float32[N, 3]"), y = m.input("y", "float32[N, 3]");
  const ValueId cube = m.add("Mul", {number(m, 0.044715F), m.add("Pow", {x, number(m, 3)})});
  const ValueId a = m.add("Mul", {number(m, factor), m.add("Add", {x, cube})});
  const ValueId curve = m.add("Add", {number(m, 1), m.add("Tanh", {a})});
  m.output(m.add("Mul", {m.add("Mul", {x, number(m, 0.5F)}), curve}));
  const ValueId square = m.add("Mul", {m.add("Mul", {y, number(m, 0.044715F)}), y});
  const ValueId b =
      m.add("Mul", {m.add("Mul", {y, number(m, factor)}), m.add("Add", {square, number(m, 1)})});
  m.output(m.add("Mul", {m.add("Mul", {number(m, 0.5F), y}),
                         m.add("Add", {m.add("Tanh", {b}), number(m, 1)})}));
}

void swish(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 3]");
  m.output(m.add("Mul", {m.add("Sigmoid", {x}), x}));
  m.output(m.add("Mul", {x, m.add("Sigmoid", {m.add("Mul", {x, number(m, 1.5F)})})}));
}

void mish(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 3]");
  m.output(m.add("Mul", {x, m.add("Tanh", {m.add("Softplus", {x})})}));
}

void hard_swish(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 3]");
  m.output(m.add("Mul", {x, m.add("HardSigmoid", {x}, attributes({{"alpha", 1.0 / 6}}))}));
  const ValueId clipped =
      m.add("Clip", {m.add("Add", {x, number(m, 3)}), number(m, 0), number(m, 6)});
  m.output(m.add("Div", {m.add("Mul", {x, clipped}), number(m, 6)}));
}

// Quiet ones.

void other_rows(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[3, 3]");
  const ValueId d = m.add("Sub", {x, row_mean(m, x, -1)});
  m.output(m.add("Div", {d, root(m, m.add("Mul", {d, d}), 0)}));
}

void wanted_deviation(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 3]");
  const ValueId deviation = root(m, m.add("Mul", {x, x}), -1);
  m.output(deviation);
  m.output(m.add("Div", {x, deviation}));
}

void other_square(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 3]"), y = m.input("y", "float32[N, 3]");
  m.output(m.add("Div", {x, root(m, m.add("Mul", {x, y}), -1)}));
  m.output(m.add("Div", {y, root(m, m.add("Pow", {y, number(m, 4)}), -1)}));
}

void overflowing_softmax(GraphMaker& m) {
  const ValueId e = m.add("Exp", {m.input("x", "float32[N, 4]")});
  m.output(m.add("Div", {e, m.add("ReduceSum", {e, m.constant("axes", ints({1}))}, last_axis())}));
}

void softmax_of_two_axes(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[4, 4]");
  const ValueId top = m.add("ReduceMax", {x, m.constant("a", ints({0}))}, last_axis());
  const ValueId e = m.add("Exp", {m.add("Sub", {x, top})});
  m.output(m.add("Div", {e, m.add("ReduceSum", {e, m.constant("b", ints({1}))}, last_axis())}));
}

// A constant that is near, a sigmoid of something else, one that is wanted, a cube that is none.
void near_activations(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 3]"), y = m.input("y", "float32[N, 3]");
  const ValueId a = erf_curve(m, m.add("Div", {x, number(m, 1.414F)}));
  m.output(m.add("Mul", {m.add("Mul", {x, a}), number(m, 0.5F)}));
  m.output(m.add("Mul", {x, m.add("Sigmoid", {y})}));
  const ValueId gate = m.add("Sigmoid", {x});
  m.output(gate);
  m.output(m.add("Mul", {x, gate}));
  m.output(m.add("Mul", {y, m.add("HardSigmoid", {y})}));
}

}  // namespace

std::span<const PassCase> firing_patterns() {
  static constexpr PassCase cases[] = {
      {"fuse-normalization", "layer", layer_normalization},
      {"fuse-normalization", "plain-layer", plain_layer_normalization},
      {"fuse-normalization", "rms", rms_normalization},
      {"fuse-softmax", "of-rows", softmax},
      {"fuse-activation", "gelu", gelu},
      {"fuse-activation", "tanh-gelu", tanh_gelu},
      {"fuse-activation", "swish", swish},
      {"fuse-activation", "mish", mish},
      {"fuse-activation", "hard-swish", hard_swish},
  };
  return cases;
}

std::span<const PassCase> quiet_patterns() {
  static constexpr PassCase cases[] = {
      {"fuse-normalization", "other-rows", other_rows},
      {"fuse-normalization", "wanted-deviation", wanted_deviation},
      {"fuse-normalization", "other-square", other_square},
      {"fuse-softmax", "overflowing", overflowing_softmax},
      {"fuse-softmax", "two-axes", softmax_of_two_axes},
      {"fuse-activation", "near", near_activations},
  };
  return cases;
}

}  // namespace cermet::testing
