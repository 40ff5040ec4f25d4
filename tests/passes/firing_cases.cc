#include <limits>

#include "tests/passes/pass_cases.h"

namespace cermet::testing {
namespace {

constexpr auto f32 = ElementType::float32;

void constant_chain(GraphMaker& m) {
  const ValueId a = m.constant("a", reals({2}, {1, 2})), b = m.constant("b", reals({2}, {3, 4}));
  const ValueId x = m.input("x", "float32[N, 2]");
  m.output(m.add("Mul", {x, m.add("Sqrt", {m.add("Add", {a, b})})}));
}

void constant_with_two_results(GraphMaker& m) {
  Attributes axis = attributes({{"axis", int64_t{0}}});
  const auto parts = m.add_all(
      "Split", {m.constant("w", ramp(f32, {4})), m.constant("sizes", ints({1, 3}))}, 2, axis);
  m.output(m.add("Add", {m.input("x", "float32[3]"), parts[1]}));
  m.output(parts[0]);
}

void shape_arithmetic(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 2, 3]");
  Attributes axis = attributes({{"axis", int64_t{0}}});
  const ValueId batch = m.add("Gather", {m.add("Shape", {x}), m.constant("zero", ints({0}))}, axis);
  const ValueId rest = m.constant("rest", ints({6}));
  m.output(m.add("Reshape", {x, m.add("Concat", {batch, rest}, axis)}));
}

void shape_of_known_size(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[4, 2]");
  m.output(m.add("Add", {m.add("Shape", {x}), m.input("y", "int64[2]")}));
}

void nothing_done(GraphMaker& m) {
  ValueId x = m.input("x", "float32[N, 3]");
  x = m.add("Relu", {m.add("Identity", {x})});
  x = m.add("Transpose", {x}, attributes({{"perm", std::vector<int64_t>{0, 1}}}));
  x = m.add("Pad", {x, m.constant("pads", ints({0, 0, 0, 0}))});
  const ValueId zero = m.constant("zero", ints({0})),
                end = m.constant("end", ints({std::numeric_limits<int64_t>::max()}));
  x = m.add("Slice", {x, zero, end});
  x = m.add("Cast", {x}, attributes({{"to", int64_t{1}}}));
  x = m.add("Concat", {x}, attributes({{"axis", int64_t{0}}}));
  m.output(m.add("Neg", {m.add("Dropout", {x})}));
}

void equal_nodes(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[2, 3]");
  Attributes axis = attributes({{"axis", int64_t{0}}});
  const ValueId a = m.add("Exp", {m.add("Softmax", {x}, axis)});
  const ValueId b = m.add("Exp", {m.add("Softmax", {x}, axis)});
  m.output(m.add("Add", {a, b}));
}

// A Pad typed before its margins were known.
void late_margins(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 3]");
  const ValueId margins = m.constant("margins", ints({0, 1, 0, 2}));
  const ValueId padded = m.add("Pad", {x, margins});
  m.graph().value(padded).type =
      ValueType::tensor(ElementType::float32, Dims{Dim::symbol("data.a"), Dim::symbol("data.b")});
  m.output(m.add("Transpose", {m.add("Relu", {padded})}));
}

void equal_constants(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[2]");
  const ValueId a = m.add("Add", {x, m.constant("first", reals({2}, {1, 2}))});
  const ValueId b = m.add("Mul", {x, m.constant("again", reals({2}, {1, 2}))});
  m.output(m.add("Sub", {a, b}));
}

void two_transposes(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[2, N, 4]");
  const ValueId once =
      m.add("Transpose", {x}, attributes({{"perm", std::vector<int64_t>{1, 2, 0}}}));
  m.output(m.add("Transpose", {once}, attributes({{"perm", std::vector<int64_t>{0, 2, 1}}})));
}

void two_reshapes(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 4]");
  const ValueId once = m.add("Reshape", {x, m.constant("shape", ints({-1, 2, 2}))});
  m.output(m.add("Flatten", {once}, attributes({{"axis", int64_t{2}}})));
}

ValueId normalize(GraphMaker& m, ValueId x, int64_t channels) {
  const auto vector = [&](const char* name, float first) {
    std::vector<float> values;
    for (int64_t i = 0; i < channels; ++i) values.push_back(first + 0.5f * static_cast<float>(i));
    return m.constant(name, reals({channels}, values));
  };
  return m.add("BatchNormalization", {x, vector("scale", 1), vector("bias", -1),
                                      vector("mean", 0.25f), vector("variance", 0.5f)});
}

void transpose_of_ones(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[1, N, 4]");
  m.output(m.add("Transpose", {x}, attributes({{"perm", std::vector<int64_t>{1, 0, 2}}})));
}

void picked_slices(GraphMaker& m) {
  ValueId x = m.input("x", "float32[2, N, 3, 4]");
  x = m.add("Transpose", {x}, attributes({{"perm", std::vector<int64_t>{2, 0, 1, 3}}}));
  x = m.add("Unsqueeze", {x, m.constant("axes", ints({3}))});
  Attributes first = attributes({{"axis", int64_t{0}}});
  for (int64_t i : {0, 2}) m.output(m.add("Gather", {x, m.constant("i", ints({}, {i}))}, first));
}

ValueId heads(GraphMaker& m, const char* name, std::vector<int64_t> order) {
  const ValueId x = m.input(name, "float32[N, M, 6]");
  const ValueId split = m.add("Reshape", {x, m.constant("heads", ints({0, 0, 2, 3}))});
  return m.add("Transpose", {split}, attributes({{"perm", std::move(order)}}));
}

void packed_attention(GraphMaker& m) {
  const ValueId q = heads(m, "q", {0, 2, 1, 3}), k = heads(m, "k", {0, 2, 3, 1});
  const ValueId v = heads(m, "v", {0, 2, 1, 3}), mask = m.input("mask", "float32[N, 1, 1, M]");
  ValueId s = m.add("Div", {m.add("MatMul", {q, k}), m.constant("root", reals({}, {2}))});
  s = m.add("Softmax", {m.add("Add", {s, mask})});
  ValueId y = m.add("MatMul", {s, v});
  y = m.add("Transpose", {y}, attributes({{"perm", std::vector<int64_t>{0, 2, 1, 3}}}));
  m.output(m.add("Reshape", {y, m.constant("joined", ints({0, 0, 6}))}));
}

// Both sides are scaled, and nothing splits heads off.
void unpacked_attention(GraphMaker& m) {
  const ValueId half = m.constant("half", reals({1}, {0.5}));
  const ValueId q = m.add("Mul", {m.input("q", "float32[N, 2, 5, 3]"), half});
  const ValueId turned = m.add("Transpose", {m.input("k", "float32[N, 2, M, 3]")},
                               attributes({{"perm", std::vector<int64_t>{0, 1, 3, 2}}}));
  const ValueId k = m.add("Mul", {half, turned}), v = m.input("v", "float32[N, 2, M, 4]");
  const ValueId p = m.add("Softmax", {m.add("MatMul", {q, k})}, attributes({{"axis", int64_t{3}}}));
  m.output(m.add("MatMul", {p, v}));
}

// One sequence, heads before the batch.
void attention_of_one(GraphMaker& m) {
  std::vector<ValueId> parts;
  for (const char* name : {"q", "k", "v"}) {
    ValueId x = m.input(name, "float32[M, 2, 3]");
    x = m.add("Transpose", {x}, attributes({{"perm", std::vector<int64_t>{1, 0, 2}}}));
    parts.push_back(m.add("Reshape", {x, m.constant("split", ints({1, 2, -1, 3}))}));
  }
  const ValueId k =
      m.add("Transpose", {parts[1]}, attributes({{"perm", std::vector<int64_t>{0, 1, 3, 2}}}));
  m.output(m.add("MatMul", {m.add("Softmax", {m.add("MatMul", {parts[0], k})}), parts[2]}));
}

void normalized_convolution(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 2, 3, 3]");
  const ValueId w = m.constant("w", ramp(f32, {3, 2, 2, 2})), b = m.constant("b", ramp(f32, {3}));
  m.output(normalize(m, m.add("Conv", {x, w, b}), 3));
}

void normalized_transposed_convolution(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[1, 4, 3]");
  const ValueId w = m.constant("w", ramp(f32, {4, 3, 2}));
  m.output(normalize(m, m.add("ConvTranspose", {x, w}, attributes({{"group", int64_t{2}}})), 6));
}

void normalized_input(GraphMaker& m) {
  m.output(normalize(m, m.input("x", "float32[N, 2, 3]"), 2));
}

void whole_gemm(GraphMaker& m) {
  const ValueId a = m.input("a", "float32[3, N]");
  const ValueId b = m.constant("b", ramp(f32, {2, 3})), c = m.constant("c", ramp(f32, {2}));
  m.output(m.add(
      "Gemm", {a, b, c},
      attributes({{"transA", int64_t{1}}, {"transB", int64_t{1}}, {"alpha", 0.5}, {"beta", 2.0}})));
}

void residual_block(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[1, 2, 3, 3]");
  const ValueId y = m.add("Conv", {x, m.constant("w", ramp(f32, {2, 2, 1, 1}))});
  const ValueId sum = m.add("Add", {y, x});
  m.output(m.add("LeakyRelu", {sum}, attributes({{"alpha", 0.25}})));
}

void biased_product(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 4]");
  const ValueId y = m.add("MatMul", {x, m.constant("w", ramp(f32, {4, 2}))});
  m.output(m.add("Sub", {m.constant("bias", reals({2}, {1, 2})), y}));
}

void pointwise_chain(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 3]"), y = m.input("y", "float32[3]");
  const ValueId half = m.constant("half", reals({}, {0.5f}));
  const ValueId sum = m.add("Add", {m.add("Mul", {x, half}), y});
  m.output(m.add("Mul", {m.add("Sigmoid", {sum}), sum}));
}

void scalar_of_higher_rank(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[3]");
  m.output(m.add("Relu", {m.add("Mul", {x, m.constant("c", reals({1, 1}, {2}))})}));
}

}  // namespace

std::span<const PassCase> firing_cases() {
  static constexpr PassCase cases[] = {
      {"fold-constants", "chain", constant_chain},
      {"fold-constants", "two-results", constant_with_two_results},
      {"fold-shapes", "arithmetic", shape_arithmetic},
      {"fold-shapes", "known-size", shape_of_known_size},
      {"eliminate-no-ops", "nothing-done", nothing_done},
      {"infer-sizes", "late-margins", late_margins},
      {"share-equal-constants", "two-readers", equal_constants},
      {"share-equal-nodes", "chain", equal_nodes},
      {"merge-movements", "transposes", two_transposes},
      {"merge-movements", "reshapes", two_reshapes},
      {"merge-movements", "ones", transpose_of_ones},
      {"gather-early", "slices", picked_slices},
      {"fuse-attention", "packed", packed_attention},
      {"fuse-attention", "unpacked", unpacked_attention},
      {"fuse-attention", "one-sequence", attention_of_one},
      {"fold-batch-normalization", "convolution", normalized_convolution},
      {"fold-batch-normalization", "transposed", normalized_transposed_convolution},
      {"fold-batch-normalization", "input", normalized_input},
      {"expand-gemm", "whole", whole_gemm},
      {"fuse-epilogue", "residual", residual_block},
      {"fuse-epilogue", "bias", biased_product},
      {"fuse-pointwise", "chain", pointwise_chain},
      {"fuse-pointwise", "scalar-of-higher-rank", scalar_of_higher_rank},
  };
  return cases;
}

}  // namespace cermet::testing
