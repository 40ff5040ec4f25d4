// Cases of transposes that sink through other operators.
#include "tests/passes/pass_cases.h"

namespace cermet::testing {
namespace {

using Integers = std::vector<int64_t>;

constexpr auto f32 = ElementType::float32;

ValueId transpose(GraphMaker& m, ValueId x, Integers perm) {
  return m.add("Transpose", {x}, attributes({{"perm", std::move(perm)}}));
}
ValueId to_channels_first(GraphMaker& m, ValueId x) { return transpose(m, x, {0, 3, 1, 2}); }
ValueId to_channels_last(GraphMaker& m, ValueId x) { return transpose(m, x, {0, 2, 3, 1}); }

Attributes axis(int64_t value) { return attributes({{"axis", value}}); }

ValueId convolution(GraphMaker& m, ValueId x, const char* name) {
  return m.add("Conv", {x, m.constant(name, ramp(f32, {3, 3, 1, 1}))});
}

// As TensorFlow's convolutions are exported, with a residual sum.
void channels_last_network(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 4, 5, 3]");
  const ValueId bias = m.constant("bias", reals({3}, {1, 2, 3}));
  ValueId y = to_channels_last(m, convolution(m, to_channels_first(m, x), "w"));
  const ValueId skip = m.add("Relu", {m.add("Add", {y, bias})});
  y = to_channels_last(m, convolution(m, to_channels_first(m, skip), "v"));
  y = m.add("Clip", {m.add("Add", {y, skip}), m.constant("low", reals({}, {0.25}))});
  m.output(to_channels_last(m, convolution(m, to_channels_first(m, y), "u")));
}

void axes_by_other_names(GraphMaker& m) {
  const ValueId a = to_channels_last(m, m.input("a", "float32[2, 3, 4, 5]"));
  const ValueId b = to_channels_last(m, m.input("b", "float32[2, 3, 4, 5]"));
  ValueId x = m.add("Concat", {a, b}, axis(-1));
  x = m.add("Pad", {x, m.constant("pads", ints({0, 1, 2, 0, 0, 3, 0, 0}))});
  x = m.add("Softmax", {x}, axis(3));
  x = m.add("Slice", {x, m.constant("starts", ints({1, 0})), m.constant("ends", ints({6, 4})),
                      m.constant("axes", ints({1, -1}))});
  const auto parts = m.add_all("Split", {x, m.constant("sizes", ints({1, 3}))}, 2, axis(3));
  for (ValueId part : parts) m.output(m.add("Exp", {to_channels_first(m, part)}));
}

void pad_of_named_axes(GraphMaker& m) {
  const ValueId x = to_channels_last(m, m.input("x", "float32[2, 3, 4, 5]"));
  const ValueId padded =
      m.add("Pad", {x, m.constant("pads", ints({1, 0, 0, 2})), m.constant("value", reals({}, {7})),
                    m.constant("axes", ints({-1, 1}))});
  m.output(m.add("Neg", {to_channels_first(m, padded)}));
}

// What is left of the order after the reduction is none, or another one.
void reductions(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[2, 3, 4, 5]");
  const ValueId pooled =
      m.add("ReduceMean", {to_channels_last(m, x), m.constant("image", ints({1, 2}))},
            attributes({{"keepdims", int64_t{0}}}));
  m.output(m.add("Exp", {pooled}));
  const ValueId rows =
      m.add("ReduceMax", {transpose(m, x, {3, 0, 2, 1}), m.constant("one", ints({-3}))},
            attributes({{"keepdims", int64_t{0}}}));
  m.output(m.add("Exp", {transpose(m, rows, {2, 1, 0})}));
  const ValueId kept = m.add("ReduceSum", {to_channels_last(m, x), m.constant("c", ints({3}))});
  m.output(m.add("Exp", {to_channels_first(m, kept)}));
}

// The first transpose merges into the second, which another node reads as well.
void merged_behind(GraphMaker& m) {
  const ValueId x = transpose(m, m.input("x", "float32[N, 3, 4]"), {1, 0, 2});
  const ValueId gate = m.input("gate", "float32[3, 1, 1]");
  const ValueId y = m.add("Mul", {m.add("Sigmoid", {x}), gate});
  m.output(m.add("Softmax", {transpose(m, y, {2, 1, 0})}));
}

// The product reads its operand by columns; the scale would be in between.
void scaled_operand(GraphMaker& m) {
  const ValueId turned = transpose(m, m.input("k", "float32[N, 5, 3]"), {0, 2, 1});
  const ValueId scaled = m.add("Mul", {turned, m.constant("scale", reals({}, {0.5}))});
  m.output(m.add("MatMul", {m.input("q", "float32[N, 4, 3]"), scaled}));
}

void table_beside_it(GraphMaker& m) {
  const ValueId x = transpose(m, m.input("x", "float32[2, 3]"), {1, 0});
  const ValueId table = m.constant("table", ramp(f32, {3, 2}));
  m.output(m.add("Softmax", {transpose(m, m.add("Sub", {table, x}), {1, 0})}));
}

// Nothing behind it is transposed, or only what is more.
void nothing_gained(GraphMaker& m) {
  const ValueId x = to_channels_first(m, m.input("x", "float32[N, 4, 5, 3]"));
  const ValueId mean = m.constant("mean", reals({3, 1, 1}, {1, 2, 3}));
  m.output(convolution(m, m.add("Sub", {x, mean}), "w"));
  const ValueId y = transpose(m, m.input("y", "float32[4, 5]"), {1, 0});
  m.output(m.add("Relu", {y}));
}

// It would have to come back for its other reader.
void other_readers(GraphMaker& m) {
  const ValueId x = transpose(m, m.input("x", "float32[4, 5, 6]"), {1, 0, 2});
  const ValueId y = m.add("Exp", {x});
  m.output(m.add("Softmax", {y}));
  m.output(m.add("Softmax", {transpose(m, m.add("Tanh", {y}), {2, 0, 1})}));
  m.output(m.add("Softmax", {x}));
}

// One operand is no transpose, nor a constant; another one is transposed otherwise; sizes may
// broadcast; axes are computed.
void other_operands(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[3, 3]"), y = m.input("y", "float32[3, 3]");
  const ValueId turned = transpose(m, x, {1, 0});
  m.output(m.add("Exp", {transpose(m, m.add("Add", {turned, y}), {1, 0})}));
  const ValueId cube = m.input("cube", "float32[2, 2, 2]");
  const ValueId sum = m.add("Mul", {transpose(m, cube, {1, 2, 0}), transpose(m, cube, {2, 0, 1})});
  m.output(m.add("Exp", {transpose(m, sum, {2, 0, 1})}));
  const ValueId open = m.add(
      "Add", {transpose(m, m.input("a", "float32[N, M]"), {1, 0}), m.input("b", "float32[K]")});
  m.output(m.add("Exp", {transpose(m, open, {1, 0})}));
  const ValueId reduced = m.add("ReduceSum", {turned, m.input("axes", "int64[1]")});
  m.output(m.add("Exp", {transpose(m, reduced, {1, 0})}));
}

}  // namespace

std::span<const PassCase> firing_transposes() {
  static constexpr PassCase cases[] = {
      {"sink-transposes", "network", channels_last_network},
      {"sink-transposes", "axes", axes_by_other_names},
      {"sink-transposes", "pads", pad_of_named_axes},
      {"sink-transposes", "reductions", reductions},
      {"sink-transposes", "merged", merged_behind},
      {"sink-transposes", "absorbed", scaled_operand},
      {"sink-transposes", "table", table_beside_it},
  };
  return cases;
}

std::span<const PassCase> quiet_transposes() {
  static constexpr PassCase cases[] = {
      {"sink-transposes", "nothing-gained", nothing_gained},
      {"sink-transposes", "other-readers", other_readers},
      {"sink-transposes", "other-operands", other_operands},
  };
  return cases;
}

}  // namespace cermet::testing
