#include "tests/passes/pass_cases.h"

namespace cermet::testing {
namespace {

constexpr auto f32 = ElementType::float32;

void random_numbers(GraphMaker& m) {
  Attributes shape = attributes({{"shape", std::vector<int64_t>{2}}});
  m.output(m.add("RandomUniform", {}, shape));
  m.output(m.add("RandomUniform", {}, shape));
}

void large_expansion(GraphMaker& m) {
  m.output(m.add("Expand", {m.constant("c", reals({}, {1})), m.constant("s", ints({512, 512}))}));
}

void size_of_data(GraphMaker& m) {
  m.output(m.add("Shape", {m.add("NonZero", {m.input("x", "float32[N]")})}));
}

// What data decides stays unknown.
void sizes_of_data(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[4]");
  m.output(m.add("Compress", {x, m.input("c", "boolean[4]")}));
  m.output(
      m.add("Compress", {m.constant("k", reals({4}, {1, 2, 3, 4})), m.input("d", "boolean[4]")}));
  m.output(m.add("NonZero", {m.add("Add", {x, m.constant("one", reals({1}, {1}))})}));
}

// Other bytes, another shape, another type with the same bytes, and a zero of the other sign.
void unlike_constants(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[2]");
  m.output(m.add("Add", {x, m.constant("a", reals({2}, {0, 0}))}));
  m.output(m.add("Add", {x, m.constant("b", reals({2}, {0, 1}))}));
  m.output(m.add("Add", {x, m.constant("c", reals({1, 2}, {0, 0}))}));
  m.output(m.add("Add", {x, m.constant("d", reals({2}, {0, -0.0F}))}));
  m.output(m.add("Gather", {x, m.constant("e", ints({0}))}));
  m.output(m.add("Add",
                 {m.input("y", "float64[1]"), m.constant("f", Tensor(ElementType::float64, {1}))}));
}

void same_constant_twice(GraphMaker& m) {
  const ValueId one = m.constant("one", reals({2}, {1, 1}));
  m.output(m.add("Add", {m.add("Mul", {m.input("x", "float32[2]"), one}), one}));
}

void constant_results(GraphMaker& m) {
  const ValueId a = m.constant("a", reals({2}, {1, 1}));
  const ValueId b = m.constant("b", reals({2}, {1, 1}));
  m.output(m.add("Add", {m.input("x", "float32[2]"), a}));
  m.output(b);
}

void backward_slice(GraphMaker& m) {
  const auto one = [&](const char* name, int64_t value) { return m.constant(name, ints({value})); };
  m.output(m.add("Slice", {m.input("x", "float32[4]"), one("s", 3), one("e", -100), one("a", 0),
                           one("step", -1)}));
}

void square_transpose(GraphMaker& m) {
  m.output(m.add("Transpose", {m.input("x", "float32[2, 2]")}));
}

void changed_shapes(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, M]");
  m.output(m.add("Reshape", {x, m.constant("shape", ints({-1, 2}))}));
  m.output(m.add("Pad", {m.input("y", "float32[2]"), m.constant("pads", ints({-1, 1}))}));
}

void wanted_mask(GraphMaker& m) {
  for (ValueId id : m.add_all("Dropout", {m.input("x", "float32[3]")}, 2)) m.output(id);
}

void different_attributes(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[2, 2]");
  m.output(m.add("Softmax", {x}, attributes({{"axis", int64_t{0}}})));
  m.output(m.add("Softmax", {x}, attributes({{"axis", int64_t{1}}})));
}

void different_order(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[2]"), y = m.input("y", "float32[2]");
  m.output(m.add("Sub", {x, y}));
  m.output(m.add("Sub", {y, x}));
}

void reshape_between_transposes(GraphMaker& m) {
  ValueId x = m.add("Transpose", {m.input("x", "float32[2, 3]")});
  x = m.add("Reshape", {x, m.constant("shape", ints({2, 3}))});
  m.output(m.add("Transpose", {x}));
}

void reshape_to_two_free_sizes(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, M, 4]");
  const ValueId once = m.add("Reshape", {x, m.constant("a", ints({0, 0, 2, 2}))});
  m.output(m.add("Reshape", {once, m.constant("b", ints({0, 0, 4}))}));
}

ValueId statistics(GraphMaker& m, const char* name) {
  return m.constant(name, reals({2}, {0.5, 1}));
}

void computed_statistic(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[1, 2, 3]");
  const ValueId y = m.add("Conv", {x, m.constant("w", ramp(f32, {2, 2, 1}))});
  // One statistic is computed, so nothing can be folded.
  m.output(m.add("BatchNormalization", {y, statistics(m, "s"), m.input("bias", "float32[2]"),
                                        statistics(m, "m"), statistics(m, "v")}));
}

void training(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[3, 2]");
  const auto results =
      m.add_all("BatchNormalization",
                {x, statistics(m, "s"), statistics(m, "b"), statistics(m, "m"), statistics(m, "v")},
                3, attributes({{"training_mode", int64_t{1}}}));
  for (ValueId id : results) m.output(id);
}

void scaled_half_precision(GraphMaker& m) {
  const ValueId b = m.constant("b", ramp(ElementType::float16, {3, 2}));
  m.output(m.add("Gemm", {m.input("a", "float16[2, 3]"), b}, attributes({{"alpha", 0.5}})));
}

void result_read_twice(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[2, 2]");
  const ValueId y = m.add("MatMul", {x, m.constant("w", ramp(f32, {2, 2}))});
  m.output(m.add("Relu", {y}));
  m.output(m.add("Tanh", {y}));
}

void growing_operand(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[1, 2]");
  const ValueId y = m.add("MatMul", {x, m.constant("w", ramp(f32, {2, 2}))});
  m.output(m.add("Add", {y, m.input("b", "float32[3, 2]")}));
}

void result_is_an_output(GraphMaker& m) {
  const ValueId y =
      m.add("MatMul", {m.input("x", "float32[2, 2]"), m.constant("w", ramp(f32, {2, 2}))});
  m.output(y);
  m.output(m.add("Relu", {y}));
}

void sizes_that_may_differ(GraphMaker& m) {
  m.output(m.add("Add", {m.input("x", "float32[N]"), m.input("y", "float32[M]")}));
}

void scales_along_an_axis(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[3, 2]");
  const ValueId scale = m.constant("scale", reals({2}, {0.5, 1}));
  m.output(m.add("QuantizeLinear", {x, scale}, attributes({{"axis", int64_t{1}}})));
}

void texts(GraphMaker& m) {
  m.output(m.add("Equal", {m.input("x", "string[2]"), m.input("y", "string[2]")}));
}

// The whole transposed tensor is read as well; several slices; an index that is computed.
void slices_that_save_nothing(GraphMaker& m) {
  Attributes first = attributes({{"axis", int64_t{0}}});
  const ValueId a = m.add("Transpose", {m.input("a", "float32[2, 3]")});
  m.output(m.add("Gather", {a, m.constant("one", ints({}, {1}))}, first));
  m.output(m.add("Relu", {a}));
  const ValueId b = m.add("Transpose", {m.input("b", "float32[2, 3]")});
  m.output(m.add("Gather", {b, m.constant("some", ints({0, 1}))}, first));
  const ValueId c = m.add("Transpose", {m.input("c", "float32[2, 3]")});
  m.output(m.add("Gather", {c, m.input("i", "int64[]")}, first));
}

struct AttentionParts {
  const char *q = "float32[N, 2, 5, 3]", *k = "float32[N, 2, M, 3]", *v = "float32[N, 2, M, 4]";
  int64_t axis = -1;
};

ValueId scores(GraphMaker& m, const AttentionParts& parts) {
  const ValueId turned = m.add("Transpose", {m.input("k", parts.k)},
                               attributes({{"perm", std::vector<int64_t>{0, 1, 3, 2}}}));
  return m.add("MatMul", {m.input("q", parts.q), turned});
}

ValueId weighed(GraphMaker& m, ValueId scores, const AttentionParts& parts) {
  const ValueId p = m.add("Softmax", {scores}, attributes({{"axis", parts.axis}}));
  m.output(m.add("MatMul", {p, m.input("v", parts.v)}));
  return p;
}

constexpr AttentionParts right;

void wanted_probabilities(GraphMaker& m) { m.output(weighed(m, scores(m, right), right)); }
void wanted_scores(GraphMaker& m) {
  const ValueId s = scores(m, right);
  m.output(s);
  weighed(m, s, right);
}

void softmax_over_queries(GraphMaker& m) {
  AttentionParts parts = right;
  parts.axis = 2;
  weighed(m, scores(m, parts), parts);
}

void one_query(GraphMaker& m) {
  AttentionParts parts = right;
  parts.q = "float32[N, 2, 1, 3]";
  weighed(m, scores(m, parts), parts);
}

void small_windows(GraphMaker& m) {
  weighed(m, scores(m, {"float32[N, 2, 49, 32]", "float32[N, 2, 49, 32]"}),
          {nullptr, nullptr, "float32[N, 2, 49, 32]"});
}

void shared_keys(GraphMaker& m) {
  AttentionParts parts = right;
  parts.k = "float32[N, 1, M, 3]";
  weighed(m, scores(m, parts), parts);
}

void large_heads(GraphMaker& m) {
  weighed(m, scores(m, {"float32[N, 2, 5, 300]", "float32[N, 2, M, 300]"}), right);
}

void scaled_mask(GraphMaker& m) {
  const ValueId sum = m.add("Add", {scores(m, right), m.input("mask", "float32[5, M]")});
  weighed(m, m.add("Mul", {sum, m.constant("two", reals({}, {2}))}), right);
}

// A mask of one column holds for all keys; the operator would forbid the others.
void narrow_mask(GraphMaker& m) {
  weighed(m, m.add("Add", {scores(m, right), m.input("mask", "float32[5, 1]")}), right);
}

void scale_by_head(GraphMaker& m) {
  const ValueId by = m.constant("by", reals({2, 1, 1}, {1, 2}));
  weighed(m, m.add("Mul", {scores(m, right), by}), right);
}

}  // namespace

std::span<const PassCase> quiet_cases() {
  static constexpr PassCase cases[] = {
      {"fold-constants", "random-numbers", random_numbers},
      {"fold-constants", "large-expansion", large_expansion},
      {"fold-shapes", "size-of-data", size_of_data},
      {"eliminate-no-ops", "backward-slice", backward_slice},
      {"eliminate-no-ops", "square-transpose", square_transpose},
      {"eliminate-no-ops", "changed-shapes", changed_shapes},
      {"eliminate-no-ops", "wanted-mask", wanted_mask},
      {"infer-sizes", "data", sizes_of_data},
      {"share-equal-constants", "unlike", unlike_constants},
      {"share-equal-constants", "one-constant", same_constant_twice},
      {"share-equal-constants", "results", constant_results},
      {"share-equal-nodes", "random-numbers", random_numbers},
      {"share-equal-nodes", "different-attributes", different_attributes},
      {"share-equal-nodes", "different-order", different_order},
      {"merge-movements", "reshape-between", reshape_between_transposes},
      {"merge-movements", "two-free-sizes", reshape_to_two_free_sizes},
      {"gather-early", "nothing-saved", slices_that_save_nothing},
      {"fuse-attention", "wanted-probabilities", wanted_probabilities},
      {"fuse-attention", "wanted-scores", wanted_scores},
      {"fuse-attention", "softmax-over-queries", softmax_over_queries},
      {"fuse-attention", "one-query", one_query},
      {"fuse-attention", "small-windows", small_windows},
      {"fuse-attention", "shared-keys", shared_keys},
      {"fuse-attention", "large-heads", large_heads},
      {"fuse-attention", "scaled-mask", scaled_mask},
      {"fuse-attention", "narrow-mask", narrow_mask},
      {"fuse-attention", "scale-by-head", scale_by_head},
      {"fold-batch-normalization", "computed-statistic", computed_statistic},
      {"fold-batch-normalization", "training", training},
      {"expand-gemm", "scaled-half-precision", scaled_half_precision},
      {"fuse-epilogue", "read-twice", result_read_twice},
      {"fuse-epilogue", "growing-operand", growing_operand},
      {"fuse-epilogue", "result-is-an-output", result_is_an_output},
      {"fuse-pointwise", "sizes-that-may-differ", sizes_that_may_differ},
      {"fuse-pointwise", "scales-along-an-axis", scales_along_an_axis},
      {"fuse-pointwise", "texts", texts},
  };
  return cases;
}

}  // namespace cermet::testing
