// Cases of joint projections and heads, as multi-head attention is exported with lengths first, and
// of the reshapes among them.
#include "tests/passes/pass_cases.h"

namespace cermet::testing {
namespace {

using Integers = std::vector<int64_t>;

constexpr auto f32 = ElementType::float32;

ValueId transpose(GraphMaker& m, ValueId x, Integers perm) {
  return m.add("Transpose", {x}, attributes({{"perm", std::move(perm)}}));
}

ValueId reshape(GraphMaker& m, ValueId x, const Integers& shape) {
  return m.add("Reshape", {x, m.constant("shape", ints(shape))});
}

ValueId pick(GraphMaker& m, ValueId x, int64_t axis, int64_t index) {
  return m.add("Gather", {x, m.constant("i", ints({}, {index}))}, attributes({{"axis", axis}}));
}

ValueId product(GraphMaker& m, ValueId x, Shape weights) {
  return m.add("MatMul", {x, m.constant("w", ramp(f32, std::move(weights)))});
}

// [length, batch, row] to [batch, heads, length, size], by way of batch * heads.
void heads_by_batch(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[5, N, 6]");
  const ValueId rows = transpose(m, reshape(m, x, {5, -1, 3}), {1, 0, 2});
  m.output(m.add("Softmax", {reshape(m, rows, {-1, 2, 5, 3})}));
}

// An image's patches as rows.
void patches(GraphMaker& m) {
  const ValueId w = m.constant("w", ramp(f32, {4, 3, 2, 2}));
  const ValueId image = m.add("Conv", {m.input("x", "float32[N, 3, 6, 4]"), w},
                              attributes({{"strides", Integers{2, 2}}}));
  m.output(m.add("Softmax", {transpose(m, reshape(m, image, {-1, 4, 6}), {0, 2, 1})}));
}

// The reshape joins what the transpose has torn apart; nothing before it is reshaped; the transpose
// has another reader.
void reshapes_that_stay(GraphMaker& m) {
  const ValueId x = reshape(m, m.input("x", "float32[24]"), {2, 3, 4});
  m.output(m.add("Softmax", {reshape(m, transpose(m, x, {1, 0, 2}), {6, 2, 2})}));
  const ValueId y = transpose(m, m.input("y", "float32[6, 4]"), {1, 0});
  m.output(m.add("Softmax", {reshape(m, y, {2, 2, 6})}));
  const ValueId z = transpose(m, reshape(m, m.input("z", "float32[24]"), {6, 4}), {1, 0});
  m.output(m.add("Softmax", {reshape(m, z, {2, 2, 6})}));
  m.output(m.add("Exp", {z}));
}

// An image that is not a convolution's lies as the model says.
void pooled_image(GraphMaker& m) {
  const ValueId x = m.add("Relu", {m.input("x", "float32[N, 3, 2, 2]")});
  m.output(m.add("Softmax", {transpose(m, reshape(m, x, {-1, 3, 4}), {0, 2, 1})}));
}

void flat_rows(GraphMaker& m) {
  const ValueId x = reshape(m, m.input("x", "float32[5, N, 2, 3]"), {-1, 6});
  ValueId y = m.add("Add", {product(m, x, {6, 4}), m.constant("bias", reals({4}, {1, 2, 3, 4}))});
  y = m.add("Relu", {y});
  m.output(m.add("Softmax", {reshape(m, y, {5, -1, 4})}));
}

// Columns are taken apart, not rows; something else reads the sum; the other operand differs from
// row to row; the left factor is no reshape.
void flat_rows_that_stay(GraphMaker& m) {
  const ValueId x = reshape(m, m.input("x", "float32[2, 3, 6]"), {6, 6});
  m.output(m.add("Softmax", {reshape(m, product(m, x, {6, 4}), {6, 2, 2})}));
  const ValueId shared = product(m, x, {6, 5});
  m.output(m.add("Softmax", {reshape(m, shared, {2, 3, 5})}));
  m.output(m.add("Exp", {shared}));
  const ValueId sum = m.add("Add", {product(m, x, {6, 2}), m.input("y", "float32[6, 2]")});
  m.output(m.add("Softmax", {reshape(m, sum, {2, 3, 2})}));
  const ValueId z = m.input("z", "float32[6, 6]");
  m.output(m.add("Softmax", {reshape(m, product(m, z, {6, 3}), {2, 3, 3})}));
}

ValueId heads_of(GraphMaker& m, const char* name) {
  return transpose(m, m.input(name, "float32[N, 5, 2, 3]"), {0, 2, 1, 3});
}

void split_heads(GraphMaker& m) {
  const ValueId q = heads_of(m, "q"), k = heads_of(m, "k"), v = heads_of(m, "v");
  const ValueId mask = m.input("mask", "float32[5, 5]");
  m.output(m.add("Attention", {q, k, v, mask}, attributes({{"scale", 0.5}})));
}

// One operand has heads first already; keys of the past; scores are shown.
void heads_that_stay(GraphMaker& m) {
  const ValueId q = heads_of(m, "q"), k = heads_of(m, "k"), v = heads_of(m, "v");
  const ValueId whole = m.input("whole", "float32[N, 2, 5, 3]");
  m.output(m.add("Attention", {q, whole, v}));
  const ValueId past = m.input("past", "float32[N, 2, 4, 3]");
  m.output(m.add("Attention", {q, k, v, no_value, past, past}));
  for (ValueId shown : m.add_all("Attention", {q, k, v}, 4)) m.output(shown);
}

// Lengths come first between the two transposes.
void joint_projection(GraphMaker& m) {
  const ValueId x = transpose(m, m.input("x", "float32[N, 5, 4]"), {1, 0, 2});
  const ValueId joint = m.add("Add", {product(m, x, {4, 18}), m.constant("bias", ramp(f32, {18}))});
  const ValueId parts = reshape(m, joint, {1, 5, -1, 3, 6});
  std::vector<ValueId> heads;
  for (int64_t i : {0, 1, 2})
    heads.push_back(transpose(m, reshape(m, pick(m, parts, 3, i), {5, -1, 2, 3}), {1, 2, 0, 3}));
  ValueId y = m.add("Attention", heads);
  y = product(m, reshape(m, transpose(m, y, {2, 0, 1, 3}), {5, -1, 6}), {6, 4});
  m.output(transpose(m, y, {1, 0, 2}));
}

// Columns of the left factor are moved; the right one is a batch; indices are data.
void rows_that_stay(GraphMaker& m) {
  const ValueId x = transpose(m, m.input("x", "float32[3, 4, 4]"), {0, 2, 1});
  m.output(transpose(m, product(m, x, {4, 5}), {0, 2, 1}));
  const ValueId y = transpose(m, m.input("y", "float32[3, 2, 4]"), {1, 0, 2});
  m.output(transpose(m, product(m, y, {2, 4, 5}), {1, 0, 2}));
  const ValueId at = m.input("at", "int64[1]");
  const ValueId z = transpose(m, m.input("z", "float32[3, 2, 4]"), {1, 0, 2});
  m.output(transpose(m, m.add("Gather", {z, at}), {1, 0, 2}));
}

}  // namespace

std::span<const PassCase> firing_heads() {
  static constexpr PassCase cases[] = {
      {"move-reshapes", "heads", heads_by_batch},     {"move-reshapes", "patches", patches},
      {"unflatten-products", "rows", flat_rows},      {"pack-heads", "masked", split_heads},
      {"sink-transposes", "heads", joint_projection},
  };
  return cases;
}

std::span<const PassCase> quiet_heads() {
  static constexpr PassCase cases[] = {
      {"move-reshapes", "others", reshapes_that_stay},
      {"move-reshapes", "no-convolution", pooled_image},
      {"unflatten-products", "others", flat_rows_that_stay},
      {"pack-heads", "others", heads_that_stay},
      {"sink-transposes", "other-products", rows_that_stay},
  };
  return cases;
}

}  // namespace cermet::testing
