// Cases of passes over If, Loop and Scan.
#include "tests/passes/pass_cases.h"

namespace cermet::testing {
namespace {

Tensor truth(bool value) {
  Tensor tensor(ElementType::boolean, {});
  store_element<int64_t>(tensor.view(), 0, value);
  return tensor;
}

// A body in the making.
struct Body : GraphMaker {
  explicit Body(const Graph& outer) : GraphMaker(graph) { graph.share_symbols(outer); }
  Graph graph;
};

// The iteration and the condition of a Loop.
std::pair<ValueId, ValueId> counters(Body& b) {
  const ValueId iteration = b.input("i", "int64[]");
  return {iteration, b.input("c", "boolean[]")};
}

ValueId as_float(GraphMaker& m, ValueId x) {
  return m.add("Cast", {x}, attributes({{"to", int64_t{1}}}));
}

Attributes captured(int64_t count) { return attributes({{"captured", count}}); }

// Gives (f(x), y) and x.
Graph branch(const Graph& outer, std::string_view op) {
  Body b(outer);
  const ValueId x = b.input("x", "float32[N]"), y = b.input("y", "float32[2]");
  b.output(b.add(op, {x}));
  b.output(y);
  return b.graph;
}

void constant_condition(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N]"), y = m.input("y", "float32[2]");
  for (bool taken : {true, false})
    for (ValueId id : m.add_control("If", {m.constant("c", truth(taken)), x, y},
                                    {branch(m.graph(), "Exp"), branch(m.graph(), "Tanh")}, 2))
      m.output(m.add("Neg", {id}));
}

// The branch holds another, which stays, and a value whose size depends on data.
void branch_within_a_branch(GraphMaker& m) {
  Body yes(m.graph()), no(m.graph());
  const ValueId c = yes.input("c", "boolean[]"), x = yes.input("x", "float32[N]");
  const ValueId found = yes.add("Compress", {x, yes.add("Greater", {x, yes.add("Neg", {x})})});
  Body inner_yes(yes.graph), inner_no(yes.graph);
  for (Body* body : {&inner_yes, &inner_no}) {
    const ValueId given = body->graph.add_input("given", yes.graph.type(found));
    body->output(body->add(body == &inner_yes ? "Abs" : "Exp", {given}));
  }
  yes.output(yes.add_control("If", {c, found}, {inner_yes.graph, inner_no.graph}, 1)[0]);
  no.input("c", "boolean[]");
  no.output(no.input("x", "float32[N]"));
  const ValueId outer_c = m.input("c", "boolean[]"), outer_x = m.input("x", "float32[N]");
  m.output(m.add_control("If", {m.constant("yes", truth(true)), outer_c, outer_x},
                         {yes.graph, no.graph}, 1)[0]);
}

void open_condition(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N]"), y = m.input("y", "float32[2]");
  for (ValueId id : m.add_control("If", {m.input("c", "boolean[]"), x, y},
                                  {branch(m.graph(), "Exp"), branch(m.graph(), "Tanh")}, 2))
    m.output(id);
}

// s' = (s + step) * i; gives s' and s + step of each iteration.
Graph growing_body(const Graph& outer) {
  Body b(outer);
  const auto [i, c] = counters(b);
  const ValueId s = b.input("s", "float32[N]"), step = b.input("step", "float32[N]");
  const ValueId sum = b.add("Add", {s, step});
  b.output(c);
  b.output(b.add("Mul", {sum, as_float(b, i)}));
  b.output(sum);
  return b.graph;
}

std::vector<ValueId> growing_loop(GraphMaker& m, ValueId trips, ValueId condition) {
  const ValueId s = m.input("s", "float32[N]"), step = m.input("step", "float32[N]");
  return m.add_control("Loop", {trips, condition, s, step}, {growing_body(m.graph())}, 2,
                       captured(1));
}

void three_trips(GraphMaker& m) {
  for (ValueId id : growing_loop(m, m.constant("trips", ints({}, {3})), no_value)) m.output(id);
}

// What is stacked has the shape of nothing.
void no_trips(GraphMaker& m) {
  Body b(m.graph());
  const auto [i, c] = counters(b);
  const ValueId s = b.input("s", "float32[2]");
  b.output(c);
  b.output(b.add("Exp", {s}));
  b.output(s);
  for (ValueId id : m.add_control(
           "Loop", {m.constant("trips", ints({}, {0})), no_value, m.input("s", "float32[2]")},
           {b.graph}, 2, captured(0)))
    m.output(m.add("Neg", {id}));
}

// No count, and a condition that ends it at once; the body swaps what it carries.
void one_trip(GraphMaker& m) {
  Body b(m.graph());
  counters(b);
  const ValueId s = b.input("s", "float32[N]"), t = b.input("t", "float32[N]");
  b.output(b.constant("end", truth(false)));
  b.output(t);
  b.output(s);
  b.output(b.add("Exp", {t}));
  for (ValueId id : m.add_control("Loop",
                                  {no_value, m.constant("begin", truth(true)),
                                   m.input("s", "float32[N]"), m.input("t", "float32[N]")},
                                  {b.graph}, 3, captured(0)))
    m.output(m.add("Neg", {id}));
}

// A Loop in the body runs as long as the iteration says, over a value whose size depends on data.
void loop_within_a_loop(GraphMaker& m) {
  Body b(m.graph());
  const auto [i, c] = counters(b);
  const ValueId s = b.input("s", "float32[N]");
  const ValueId found = b.add("Compress", {s, b.add("Less", {s, b.add("Exp", {s})})});
  Body inner(b.graph);
  const auto [j, go_on] = counters(inner);
  const ValueId t = inner.graph.add_input("t", b.graph.type(found));
  const ValueId more = inner.graph.add_input("more", b.graph.type(found));
  inner.output(go_on);
  inner.output(inner.add("Add", {t, inner.add("Sin", {more})}));
  const ValueId sum =
      b.add_control("Loop", {i, no_value, found, found}, {inner.graph}, 1, captured(1))[0];
  const ValueId all = b.add("ReduceSum", {sum}, attributes({{"keepdims", int64_t{0}}}));
  b.output(c);
  b.output(b.add("Sub", {s, all}));
  m.output(m.add_control("Loop",
                         {m.constant("trips", ints({}, {2})), no_value, m.input("s", "float32[N]")},
                         {b.graph}, 1, captured(0))[0]);
}

// Slices of `a` backwards and of `b` by its second axis; results by their second axis and
// backwards.
Graph scan_body(const Graph& outer) {
  Body b(outer);
  const ValueId s = b.input("s", "float32[2]"), x = b.input("x", "float32[2]"),
                y = b.input("y", "float32[2]"), z = b.input("z", "float32[2]");
  const ValueId sum = b.add("Add", {b.add("Mul", {s, z}), b.add("Sub", {x, y})});
  b.output(sum);
  b.output(b.add("Exp", {sum}));
  b.output(x);
  return b.graph;
}

std::vector<ValueId> scan(GraphMaker& m, std::string_view a, std::string_view b) {
  const Attributes shape = attributes({{"num_scan_inputs", int64_t{2}},
                                       {"captured", int64_t{1}},
                                       {"scan_input_axes", std::vector<int64_t>{0, -1}},
                                       {"scan_input_directions", std::vector<int64_t>{1, 0}},
                                       {"scan_output_axes", std::vector<int64_t>{-1, 0}},
                                       {"scan_output_directions", std::vector<int64_t>{0, 1}}});
  const ValueId s = m.input("s", "float32[2]"), x = m.input("a", a), y = m.input("b", b);
  return m.add_control("Scan", {s, x, y, m.input("z", "float32[2]")}, {scan_body(m.graph())}, 3,
                       shape);
}

void short_scan(GraphMaker& m) {
  for (ValueId id : scan(m, "float32[3, 2]", "float32[2, 3]")) m.output(m.add("Neg", {id}));
}

// Too many trips or nodes; a length, a beginning or an end that is decided while running.
void long_loops(GraphMaker& m) {
  m.output(growing_loop(m, m.constant("many", ints({}, {17})), no_value)[0]);
  m.output(growing_loop(m, m.input("trips", "int64[]"), no_value)[0]);
  m.output(growing_loop(m, m.constant("few", ints({}, {2})), m.input("c", "boolean[]"))[0]);
  m.output(scan(m, "float32[N, 2]", "float32[2, N]")[0]);
  Body large(m.graph()), computed(m.graph());
  for (Body* b : {&large, &computed}) {
    const auto [i, c] = counters(*b);
    ValueId s = b->input("s", "float32[N]");
    for (int n = b == &large ? 33 : 1; n > 0; --n) s = b->add("Tanh", {s});
    b->output(b == &large ? c : b->add("Less", {i, b->constant("two", ints({}, {2}))}));
    b->output(s);
    m.output(m.add_control("Loop",
                           {m.constant("n", ints({}, {16})), no_value, m.input("s", "float32[N]")},
                           {b->graph}, 1, captured(0))[0]);
  }
}

// Of four carried values one is read, one needed for it, one only for itself, and one never
// changes; of two stacked ones one is read.
void unread_results(GraphMaker& m) {
  Body b(m.graph());
  const auto [i, c] = counters(b);
  const ValueId read = b.input("read", "float32[N]"), needed = b.input("needed", "float32[N]"),
                dead = b.input("dead", "float32[N]"), fixed = b.input("fixed", "float32[N]"),
                p = b.input("p", "float32[N]"), q = b.input("q", "float32[N]");
  b.output(c);
  b.output(b.add("Add", {b.add("Mul", {read, needed}), fixed}));
  b.output(b.add("Sin", {needed}));
  b.output(b.add("Sub", {dead, p}));
  b.output(fixed);
  b.output(b.add("Exp", {dead}));
  b.output(b.add("Sub", {read, q}));
  const ValueId x = m.input("x", "float32[N]"), y = m.input("y", "float32[N]"),
                z = m.input("z", "float32[N]"), w = m.input("w", "float32[N]");
  const auto results = m.add_control("Loop", {m.add("Size", {x}), no_value, x, y, z, w, z, y},
                                     {b.graph}, 6, captured(2));
  for (int kept : {0, 3, 5}) m.output(m.add("Neg", {results[kept]}));
}

void unread_result_of_a_branch(GraphMaker& m) {
  const ValueId x = m.input("x", "float32[N]"), y = m.input("y", "float32[2]");
  m.output(m.add_control("If", {m.input("c", "boolean[]"), x, y},
                         {branch(m.graph(), "Exp"), branch(m.graph(), "Tanh")}, 2)[0]);
}

void unread_result_of_a_scan(GraphMaker& m) {
  Body b(m.graph());
  const ValueId x = b.input("x", "float32[2]"), y = b.input("y", "float32[2]"),
                z = b.input("z", "float32[2]");
  b.output(b.add("Neg", {y}));
  b.output(b.add("Add", {x, z}));
  const Attributes shape = attributes({{"num_scan_inputs", int64_t{3}},
                                       {"scan_input_axes", std::vector<int64_t>{1, 0, 1}},
                                       {"scan_output_axes", std::vector<int64_t>{0, 1}}});
  m.output(m.add_control(
      "Scan",
      {m.input("x", "float32[2, N]"), m.input("y", "float32[N, 2]"), m.input("z", "float32[2, N]")},
      {b.graph}, 2, shape)[1]);
}

// The unread one is needed for the other, or for the condition.
void wanted_results(GraphMaker& m) {
  Body b(m.graph());
  counters(b);
  const ValueId s = b.input("s", "float32[]"), t = b.input("t", "float32[]"),
                u = b.input("u", "float32[]");
  b.output(b.add("Less", {u, b.constant("limit", reals({}, {2}))}));
  b.output(b.add("Add", {s, t}));
  b.output(b.add("Exp", {t}));
  b.output(b.add("Exp", {u}));
  const ValueId x = m.input("x", "float32[]");
  m.output(m.add_control("Loop", {m.input("n", "int64[]"), no_value, x, x, x}, {b.graph}, 3,
                         captured(0))[0]);
}

// Operators that may fail, in a loop that runs for certain; a branch goes as a whole.
void certain_loop(GraphMaker& m) {
  Body b(m.graph());
  const auto [i, c] = counters(b);
  const ValueId s = b.input("s", "float32[N]"), x = b.input("x", "float32[N]"),
                y = b.input("y", "float32[N, M]"), at = b.input("at", "int64[]"),
                choose = b.input("choose", "boolean[]");
  const ValueId row = b.add("Gather", {y, at}, attributes({{"axis", int64_t{1}}}));
  Body yes(b.graph), no(b.graph);
  for (Body* body : {&yes, &no})
    body->output(body->add(body == &yes ? "Exp" : "Tanh", {body->input("row", "float32[N]")}));
  const ValueId chosen = b.add_control("If", {choose, row}, {yes.graph, no.graph}, 1)[0];
  b.output(c);
  b.output(b.add("Add", {b.add("Sin", {s}), b.add("Mul", {chosen, x})}));
  b.output(row);
  for (ValueId id :
       m.add_control("Loop",
                     {m.constant("trips", ints({}, {20})), no_value, m.input("s", "float32[N]"),
                      m.input("x", "float32[N]"), m.input("y", "float32[N, M]"),
                      m.constant("at", ints({}, {1})), m.input("choose", "boolean[]")},
                     {b.graph}, 2, captured(4)))
    m.output(id);
}

// Operators that can't fail, in loops that may make no trip.
void safe_nodes(GraphMaker& m) {
  Body b(m.graph()), step(m.graph());
  const auto [i, c] = counters(b);
  const ValueId s = b.input("s", "float32[N]"), x = b.input("x", "float32[N]");
  const ValueId two = b.constant("two", reals({}, {2}));
  b.output(c);
  b.output(b.add("Sub", {s, b.add("Mul", {b.add("Exp", {x}), two})}));
  const ValueId n = m.input("x", "float32[N]");
  m.output(m.add_control("Loop", {m.add("Size", {n}), no_value, m.input("s", "float32[N]"), n},
                         {b.graph}, 1, captured(1))[0]);
  const ValueId t = step.input("t", "float32[2]"), y = step.input("y", "float32[2]"),
                w = step.input("w", "float32[2, 2]"), v = step.input("v", "float32[2, 2]");
  const ValueId product = step.add("MatMul", {w, v});
  step.output(step.add("Tanh", {step.add("Add", {step.add("MatMul", {product, t}), y})}));
  m.output(m.add_control(
      "Scan",
      {m.input("t", "float32[2]"), m.input("y", "float32[N, 2]"), m.input("w", "float32[2, 2]"),
       m.input("v", "float32[2, 2]")},
      {step.graph}, 1, attributes({{"num_scan_inputs", int64_t{1}}, {"captured", int64_t{2}}}))[0]);
}

// May fail where the loop makes no trip; changes; is random; is constant.
void changing_nodes(GraphMaker& m) {
  Body b(m.graph());
  const auto [i, c] = counters(b);
  const ValueId s = b.input("s", "float32[N]"), x = b.input("x", "float32[N]"),
                at = b.input("at", "int64[]");
  const ValueId element = b.add("Gather", {x, at}), sum = b.add("Add", {x, as_float(b, i)});
  const ValueId noise = b.add("RandomUniformLike", {x});
  b.output(c);
  b.output(
      b.add("Sum", {b.add("Neg", {s}), element, sum, noise, b.constant("one", reals({}, {1}))}));
  m.output(m.add_control("Loop",
                         {m.input("n", "int64[]"), no_value, m.input("s", "float32[N]"),
                          m.input("x", "float32[N]"), m.input("at", "int64[]")},
                         {b.graph}, 1, captured(2))[0]);
}

// As after a branch that was put in its place: its result's rank was not known before.
void rank_of_a_branch(GraphMaker& m) {
  const ValueId x = m.add("Exp", {m.input("x", "float32[N, 3]")});
  m.graph().value(x).type.dims.reset();
  const ValueId shape = m.add("Shape", {m.add("Neg", {x})});
  m.output(shape);
  m.output(m.add("Size", {shape}));
}

}  // namespace

std::span<const PassCase> firing_control() {
  static constexpr PassCase cases[] = {
      {"infer-sizes", "ranks", rank_of_a_branch},
      {"inline-branches", "taken", constant_condition},
      {"inline-branches", "nested", branch_within_a_branch},
      {"unroll-loops", "trips", three_trips},
      {"unroll-loops", "none", no_trips},
      {"unroll-loops", "once", one_trip},
      {"unroll-loops", "nested", loop_within_a_loop},
      {"unroll-loops", "scan", short_scan},
      {"drop-dead-outputs", "loop", unread_results},
      {"drop-dead-outputs", "branch", unread_result_of_a_branch},
      {"drop-dead-outputs", "scan", unread_result_of_a_scan},
      {"hoist-invariants", "certain", certain_loop},
      {"hoist-invariants", "safe", safe_nodes},
  };
  return cases;
}

std::span<const PassCase> quiet_control() {
  static constexpr PassCase cases[] = {
      {"inline-branches", "open", open_condition},
      {"unroll-loops", "long", long_loops},
      {"drop-dead-outputs", "wanted", wanted_results},
      {"hoist-invariants", "changing", changing_nodes},
  };
  return cases;
}

}  // namespace cermet::testing
