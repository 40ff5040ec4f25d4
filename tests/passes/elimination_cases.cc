// Cases of passes that take out what adds nothing.
#include <limits>

#include "tests/passes/pass_cases.h"

namespace cermet::testing {
namespace {

constexpr auto f32 = ElementType::float32;

ValueId cast(GraphMaker& m, ValueId x, ElementType to) {
  return m.add("Cast", {x}, attributes({{"to", static_cast<int64_t>(to)}}));
}

void widening_casts(GraphMaker& m) {
  const ValueId half = m.input("half", "float16[N]");
  m.output(cast(m, cast(m, half, ElementType::float32), ElementType::float64));
  m.output(m.add("Neg", {cast(m, cast(m, half, ElementType::float32), ElementType::float16)}));
  const ValueId number = m.input("number", "int32[3]");
  m.output(cast(m, cast(m, number, ElementType::int64), ElementType::uint8));
  m.output(cast(m, cast(m, number, ElementType::float64), ElementType::float32));
  const ValueId truth = m.input("truth", "boolean[2]");
  m.output(cast(m, cast(m, truth, ElementType::uint8), ElementType::float16));
}

// The type between rounds, cuts off, or stops where another wraps.
void narrowing_casts(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N]"), number = m.input("number", "int64[3]");
  m.output(cast(m, cast(m, x, ElementType::float16), ElementType::float32));
  m.output(cast(m, cast(m, x, ElementType::int32), ElementType::float32));
  m.output(cast(m, cast(m, x, ElementType::bfloat16), ElementType::float16));
  m.output(cast(m, cast(m, number, ElementType::float64), ElementType::int64));
  m.output(cast(m, cast(m, number, ElementType::boolean), ElementType::int64));
  m.output(cast(m, cast(m, number, ElementType::uint64), ElementType::float32));
  const ValueId small = m.input("small", "int32[3]");
  m.output(cast(m, cast(m, small, ElementType::float64), ElementType::int8));
}

void negated_twice(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 3]");
  m.output(m.add("Exp", {m.add("Neg", {m.add("Neg", {x})})}));
  const ValueId b = m.input("b", "boolean[2]");
  m.output(m.add("And", {m.add("Not", {m.add("Not", {b})}), m.input("c", "boolean[2]")}));
  m.output(m.add("Relu", {m.add("Relu", {x})}));
}

void reshaped_back(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, M, 4]");
  const ValueId once = m.add("Reshape", {x, m.constant("a", ints({0, 0, 2, 2}))});
  m.output(m.add("Tanh", {m.add("Reshape", {once, m.constant("b", ints({0, 0, 4}))})}));
  const ValueId longer = m.add("Unsqueeze", {x, m.constant("axes", ints({1}))});
  m.output(m.add("Exp", {m.add("Squeeze", {longer, m.constant("same", ints({1}))})}));
}

void split_and_joined(GraphMaker& m) {
  const Attributes last = attributes({{"axis", int64_t{-1}}}),
                   second = attributes({{"axis", int64_t{1}}});
  const ValueId x = m.input("x", "float32[N, 5]"), sizes = m.constant("sizes", ints({2, 3}));
  const auto parts = m.add_all("Split", {x, sizes}, 2, last);
  m.output(m.add("Exp", {m.add("Concat", {parts[0], parts[1]}, second)}));
  const ValueId a = m.input("a", "float32[N, 2]"), b = m.input("b", "float32[N, 3]");
  for (ValueId id : m.add_all("Split", {m.add("Concat", {a, b}, second), sizes}, 2, last))
    m.output(m.add("Neg", {id}));
}

void nearly_undone(GraphMaker& m) {
  const Attributes first = attributes({{"axis", int64_t{0}}}),
                   second = attributes({{"axis", int64_t{1}}});
  const ValueId x = m.input("x", "float32[4, 4]"), halves = m.constant("halves", ints({2, 2}));
  const auto parts = m.add_all("Split", {x, halves}, 2, first);
  m.output(m.add("Concat", {parts[1], parts[0]}, first));   // in another order
  m.output(m.add("Concat", {parts[0], parts[1]}, second));  // along another axis
  const ValueId joined =
      m.add("Concat", {m.input("a", "float32[1, 2]"), m.input("b", "float32[3, 2]")}, first);
  for (ValueId id : m.add_all("Split", {joined, halves}, 2, first)) m.output(id);  // of other sizes
  m.output(m.add("Reciprocal", {m.add("Reciprocal", {x})}));                       // rounds twice
  m.output(m.add("Reshape", {m.add("Transpose", {x}), m.constant("shape", ints({4, 4}))}));
}

void sizes_of_one(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 1, 3]"), axes = m.constant("axes", ints({-2}));
  m.output(m.add("Exp", {m.add("ReduceMean", {x, axes})}));
  m.output(m.add("ReduceMax", {x, axes}, attributes({{"keepdims", int64_t{0}}})));
  m.output(m.add("ReduceL1", {x, axes}));
  m.output(m.add("ReduceSumSquare", {x, axes}, attributes({{"keepdims", int64_t{0}}})));
  m.output(m.add("ReduceProd", {m.input("one", "float32[1, 1]")},
                 attributes({{"keepdims", int64_t{0}}})));
}

// A size that could be another; axes that are computed; roots and exponentials that overflow.
void larger_reductions(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 1]"), one = m.constant("one", ints({1}));
  m.output(m.add("ReduceSum", {x, m.constant("zero", ints({0}))}));
  m.output(m.add("ReduceSum", {x}));
  m.output(m.add("ReduceL2", {x, one}));
  m.output(m.add("ReduceLogSumExp", {x, one}));
  m.output(m.add("ArgMax", {x}, attributes({{"axis", int64_t{1}}})));
}

void broadcast_by_reader(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 4]"), bias = m.input("bias", "float32[1, 4]");
  const ValueId wide = m.add("Expand", {bias, m.add("Shape", {x})});
  m.output(m.add("Add", {x, wide}));
  const ValueId column = m.input("column", "float32[3, 1]"), y = m.input("y", "float32[3, 4]");
  m.output(m.add("Mul", {m.add("Tile", {column, m.constant("repeats", ints({1, 4}))}), y}));
}

// Nothing else gives the result its size; the repeated part is longer than 1; no
// broadcasting, or of the slope alone.
void wanted_expansions(GraphMaker& m) {
  const ValueId row = m.input("row", "float32[1, 4]"), shape = m.constant("shape", ints({3, 4}));
  const ValueId wide = m.add("Expand", {row, shape});
  m.output(m.add("Add", {wide, m.input("b", "float32[4]")}));
  m.output(m.add("Exp", {wide}));
  m.output(m.add("MatMul", {m.input("a", "float32[2, 3]"), wide}));
  m.output(m.add("PRelu", {wide, m.input("slope", "float32[3, 4]")}));
  const ValueId tiled = m.add("Tile", {row, m.constant("repeats", ints({1, 2}))});
  m.output(m.add("Add", {tiled, m.input("c", "float32[8]")}));
}

Tensor truths(Shape shape, const std::vector<double>& values) {
  Tensor tensor(ElementType::boolean, std::move(shape));
  store_all<double>(tensor.view(), values);
  return tensor;
}

void one_sided_where(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 2]"), y = m.input("y", "float32[2]");
  m.output(m.add("Exp", {m.add("Where", {m.constant("yes", truths({1, 2}, {1, 1})), x, y})}));
  const ValueId z = m.input("z", "float32[3, 2]"), no = m.constant("no", truths({}, {0}));
  m.output(m.add("Where", {no, z, y}));
  m.output(m.add("Neg", {m.add("Where", {m.input("c", "boolean[2]"), x, x})}));
}

void two_sided_where(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 2]"), y = m.input("y", "float32[2]");
  m.output(m.add("Where", {m.constant("both", truths({2}, {1, 0})), x, y}));
  m.output(m.add("Where", {m.constant("no", truths({}, {0})), x, y}));  // of N rows
  m.output(m.add("Where", {m.constant("none", truths({0}, {})), m.input("a", "float32[1]"),
                           m.input("b", "float32[1]")}));
}

Attributes axis(int64_t value) { return attributes({{"axis", value}}); }

void even_indices(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 6]");
  m.output(m.add("Gather", {x, m.constant("row", ints({1, 2, 3}))}, axis(1)));
  m.output(m.add("Gather", {x, m.constant("stride", ints({4, 2, 0}))}, axis(-1)));
  m.output(m.add("Gather", {x, m.constant("back", ints({-1, -3}))}, axis(1)));
  m.output(m.add("Gather", {x, m.constant("one", ints({5}))}, axis(1)));
}

void uneven_indices(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 6]");
  m.output(m.add("Gather", {x, m.constant("uneven", ints({0, 1, 3}))}, axis(1)));
  m.output(m.add("Gather", {x, m.constant("same", ints({1, 1}))}, axis(1)));
  m.output(m.add("Gather", {x, m.constant("scalar", ints({}, {1}))}, axis(1)));
  m.output(m.add("Gather", {x, m.constant("matrix", ints({1, 2}, {0, 1}))}, axis(1)));
  m.output(m.add("Gather", {x, m.constant("unknown", ints({0, 1}))}, axis(0)));
  m.output(m.add("Gather", {x, m.input("computed", "int64[2]")}, axis(1)));
}

ValueId slice(GraphMaker& m, ValueId x, const std::vector<int64_t>& starts,
              const std::vector<int64_t>& ends, const std::vector<int64_t>& axes,
              const std::vector<int64_t>& steps) {
  return m.add("Slice", {x, m.constant("starts", ints(starts)), m.constant("ends", ints(ends)),
                         m.constant("axes", ints(axes)), m.constant("steps", ints(steps))});
}

constexpr int64_t end = std::numeric_limits<int64_t>::max();

void slices_of_slices(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 9, 4]");
  const ValueId odd = slice(m, x, {1}, {end}, {1}, {2});
  m.output(slice(m, odd, {-1}, {-end}, {1}, {-1}));          // backwards
  m.output(slice(m, odd, {1, 1}, {3, -1}, {1, 2}, {1, 1}));  // and of another dimension
  m.output(slice(m, odd, {1}, {end}, {0}, {1}));
  m.output(slice(m, odd, {3}, {2}, {1}, {1}));  // nothing is left
}

void slices_of_joined(GraphMaker& m) {
  const ValueId a = m.input("a", "float32[N, 2]"), b = m.input("b", "float32[N, 4]");
  const ValueId joined = m.add("Concat", {a, b}, axis(1));
  m.output(slice(m, joined, {3}, {5}, {1}, {1}));
  m.output(slice(m, joined, {1}, {-end}, {1}, {-1}));
}

void slices_apart(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N, 4]");
  m.output(slice(m, slice(m, x, {1}, {end}, {0}, {1}), {1}, {end}, {0}, {1}));
  const ValueId a = m.input("a", "float32[2, 2]"), b = m.input("b", "float32[2, 2]");
  m.output(slice(m, m.add("Concat", {a, b}, axis(1)), {1}, {3}, {1}, {1}));  // of both
  m.output(slice(m, m.add("Concat", {a, b}, axis(1)), {1}, {2}, {0}, {1}));
}

}  // namespace

std::span<const PassCase> firing_eliminations() {
  static constexpr PassCase cases[] = {
      {"merge-casts", "widening", widening_casts},
      {"cancel-inverses", "twice", negated_twice},
      {"cancel-inverses", "reshapes", reshaped_back},
      {"cancel-inverses", "parts", split_and_joined},
      {"drop-reductions", "ones", sizes_of_one},
      {"drop-expands", "broadcast", broadcast_by_reader},
      {"fold-where", "one-side", one_sided_where},
      {"slice-gathers", "even", even_indices},
      {"merge-slices", "slices", slices_of_slices},
      {"merge-slices", "joined", slices_of_joined},
  };
  return cases;
}

std::span<const PassCase> quiet_eliminations() {
  static constexpr PassCase cases[] = {
      {"merge-casts", "narrowing", narrowing_casts},
      {"cancel-inverses", "nearly", nearly_undone},
      {"drop-reductions", "larger", larger_reductions},
      {"drop-expands", "wanted", wanted_expansions},
      {"fold-where", "two-sides", two_sided_where},
      {"slice-gathers", "uneven", uneven_indices},
      {"merge-slices", "apart", slices_apart},
  };
  return cases;
}

}  // namespace cermet::testing
