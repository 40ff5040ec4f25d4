// Attention with the masks and the groups of heads that transformers export.
#include <limits>

#include "tests/passes/pass_cases.h"

namespace cermet::testing {
namespace {

constexpr float lowest = std::numeric_limits<float>::lowest();

ValueId number(GraphMaker& m, float value) { return m.constant("c", reals({}, {value})); }

ValueId turned(GraphMaker& m, ValueId k) {
  return m.add("Transpose", {k}, attributes({{"perm", std::vector<int64_t>{0, 1, 3, 2}}}));
}

ValueId scaled_scores(GraphMaker& m) {
  const ValueId k = turned(m, m.input("k", "float32[N, 2, M, 3]"));
  const ValueId product = m.add("MatMul", {m.input("q", "float32[N, 2, 5, 3]"), k});
  return m.add("Div", {product, number(m, 2)});
}

ValueId weighed(GraphMaker& m, ValueId scores) {
  const ValueId weights = m.add("Softmax", {scores}, attributes({{"axis", int64_t{-1}}}));
  return m.add("MatMul", {weights, m.input("v", "float32[N, 2, M, 4]")});
}

// A table of which key each query sees, cut to the number of keys, and a mask that is added, as in
// GPT-2.
void causal_table(GraphMaker& m) {
  Tensor sees(ElementType::boolean, {1, 1, 5, 8});
  for (int64_t i = 0; i < 40; ++i) store_element<double>(sees.view(), i, i % 8 <= i / 8);
  const ValueId scores = scaled_scores(m), mask = m.input("mask", "float32[N, 1, 1, M]");
  const ValueId keys = m.add("Shape", {mask}, attributes({{"start", int64_t{3}}}));
  const ValueId table = m.add("Slice", {m.constant("sees", sees), m.constant("s", ints({0})), keys,
                                        m.constant("a", ints({3}))});
  const ValueId seen = m.add("Where", {table, scores, number(m, lowest)});
  m.output(weighed(m, m.add("Add", {seen, mask})));
}

// The table alone: where there are more keys than it has columns, the operator would forbid the
// rest, and the operators that it stands for fail.
void table_alone(GraphMaker& m) {
  const ValueId scores = scaled_scores(m);
  const ValueId others = m.input("x", "float32[M]"), keys = m.add("Shape", {others});
  Tensor sees(ElementType::boolean, {5, 8});
  for (int64_t i = 0; i < 40; ++i) store_element<double>(sees.view(), i, i % 8 <= i / 8);
  const ValueId table = m.add("Slice", {m.constant("sees", sees), m.constant("s", ints({0})), keys,
                                        m.constant("a", ints({1}))});
  m.output(weighed(m, m.add("Where", {table, scores, number(m, lowest)})));
}

void filled_mask(GraphMaker& m) {
  const ValueId hidden = m.input("hidden", "boolean[N, 1, 1, M]");
  m.output(weighed(m, m.add("Where", {hidden, number(m, -1e38F), scaled_scores(m)})));
}

// A mask as large as the scores may stand first.
void whole_mask_first(GraphMaker& m) {
  const ValueId mask = m.input("mask", "float32[N, 2, 5, M]");
  m.output(weighed(m, m.add("Add", {mask, scaled_scores(m)})));
}

// Queries of six heads, of which three each read one head of keys and values.
ValueId repeated(GraphMaker& m, ValueId x, int64_t size) {
  x = m.add("Unsqueeze", {x, m.constant("axes", ints({2}))});
  x = m.add("Expand", {x, m.constant("wide", ints({1, 2, 3, 4, size}))});
  return m.add("Reshape", {x, m.constant("joined", ints({1, 6, 4, size}))});
}

// So few keys of heads so small are faster as products.
void small_grouped_heads(GraphMaker& m) {
  const ValueId q = m.input("q", "float32[1, 6, 5, 3]");
  const ValueId k = turned(m, repeated(m, m.input("k", "float32[1, 2, 4, 3]"), 3));
  const ValueId v = repeated(m, m.input("v", "float32[1, 2, 4, 2]"), 2);
  m.output(m.add("MatMul", {m.add("Softmax", {m.add("MatMul", {q, k})}), v}));
}

// Heads that come from one tensor split by a reshape, as Llama's.
void grouped_heads(GraphMaker& m) {
  const auto heads = [&](const char* name, int64_t count) {
    const ValueId x = m.input(name, count == 6 ? "float32[1, 5, 198]" : "float32[1, 4, 66]");
    const ValueId split = m.add("Reshape", {x, m.constant("split", ints({0, 0, count, 33}))});
    return m.add("Transpose", {split}, attributes({{"perm", std::vector<int64_t>{0, 2, 1, 3}}}));
  };
  const ValueId q = heads("q", 6), k = turned(m, repeated(m, heads("k", 2), 33));
  const ValueId scores = m.add("MatMul", {q, k});
  const ValueId y = m.add("MatMul", {m.add("Softmax", {scores}), repeated(m, heads("v", 2), 33)});
  const ValueId joined =
      m.add("Transpose", {y}, attributes({{"perm", std::vector<int64_t>{0, 2, 1, 3}}}));
  m.output(m.add("Reshape", {joined, m.constant("row", ints({0, 0, 198}))}));
}

// Scores that are replaced by a number which other scores may reach, or scaled afterwards.
void mask_that_is_reached(GraphMaker& m) {
  const ValueId sees = m.input("sees", "boolean[1, 1, 5, M]");
  m.output(weighed(m, m.add("Where", {sees, scaled_scores(m), number(m, -10000)})));
}

// Rows of all heads are scaled before heads are split off, as Whisper's.
void scaled_rows(GraphMaker& m) {
  const auto heads = [&](ValueId x) {
    x = m.add("Reshape", {x, m.constant("shape", ints({0, 0, 2, 3}))});
    return m.add("Transpose", {x}, attributes({{"perm", std::vector<int64_t>{0, 2, 1, 3}}}));
  };
  const ValueId q = m.add("Mul", {m.input("q", "float32[N, 5, 6]"), number(m, 0.5F)});
  const ValueId k = m.input("k", "float32[N, M, 6]"), v = m.input("v", "float32[N, M, 6]");
  const ValueId scores = m.add("MatMul", {heads(q), turned(m, heads(k))});
  m.output(m.add("MatMul", {m.add("Softmax", {scores}), heads(v)}));
}

void replaced_then_scaled(GraphMaker& m) {
  const ValueId sees = m.input("sees", "boolean[1, 1, 5, M]");
  const ValueId seen = m.add("Where", {sees, scaled_scores(m), number(m, lowest)});
  m.output(weighed(m, m.add("Mul", {seen, number(m, 2)})));
}

}  // namespace

std::span<const PassCase> firing_attention() {
  static constexpr PassCase cases[] = {
      {"fuse-attention", "causal-table", causal_table},
      {"fuse-attention", "table-alone", table_alone},
      {"fuse-attention", "filled-mask", filled_mask},
      {"fuse-attention", "whole-mask-first", whole_mask_first},
      {"fuse-attention", "grouped-heads", grouped_heads},
      {"fuse-attention", "scaled-rows", scaled_rows},
  };
  return cases;
}

std::span<const PassCase> quiet_attention() {
  static constexpr PassCase cases[] = {
      {"fuse-attention", "small-grouped-heads", small_grouped_heads},
      {"fuse-attention", "mask-that-is-reached", mask_that_is_reached},
      {"fuse-attention", "replaced-then-scaled", replaced_then_scaled},
  };
  return cases;
}

}  // namespace cermet::testing
