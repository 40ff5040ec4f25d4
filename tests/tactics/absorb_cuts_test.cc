// Cuts that attention reads by the pitch of their rows: which become views, and that results stay.
#include "tactics/absorb_cuts.h"

#include <gtest/gtest.h>

#include "backends/cpu/build/tactics.h"
#include "engine/writer.h"
#include "lower/lower.h"
#include "tactics/plan_passes.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

constexpr int64_t heads = 2, size = 8, row = heads * size;

Attributes axis(int64_t value) { return attributes({{"axis", value}}); }

struct Case {
  Graph graph;
  GraphMaker m{graph};

  // What a step makes, so that it is no input of the plan.
  ValueId joint(std::string_view type) { return m.add("Neg", {m.input("x", type)}); }
  ValueId pick(ValueId x, int64_t along, int64_t index) {
    return m.add("Gather", {x, m.constant("i", ints({}, {index}))}, axis(along));
  }
  ValueId reshape(ValueId x, const std::vector<int64_t>& shape) {
    return m.add("Reshape", {x, m.constant("shape", ints(shape))});
  }
  ValueId attention(const std::vector<ValueId>& operands) {
    return m.add("Attention", operands,
                 attributes({{"q_num_heads", heads}, {"kv_num_heads", heads}}));
  }

  Plan plan(const std::vector<std::string>& skip = {}) const {
    Plan result = lower(graph);
    arrange(result, cpu::tactics(), {}, skip);
    verify(result);
    return result;
  }
  // What each result of a cut has become: its layout, or the kind of the step that makes it.
  std::string forms(const std::vector<std::string>& skip = {}) const {
    std::string text;
    const Plan of = plan(skip);
    for_each_step(of.root.steps, [&](const Step& step) {
      if (step.problem.op != "Gather" && step.problem.op != "Split" && step.problem.op != "Slice")
        return;
      for (BufferId id : step.outputs) {
        if (!text.empty()) text += " ";
        text += step.problem.kind == ProblemKind::view ? of.buffer(id).layout.to_string()
                                                       : name(step.problem.kind);
      }
    });
    return text;
  }
  void expect_same_results(const Shape& shape) const {
    const std::vector<Value> inputs{Value(ramp(ElementType::float32, shape))};
    const std::vector<Value> expected = interpret(graph, inputs);
    for (const Kernels kernels : {Kernels::reference, Kernels::own, Kernels::any}) {
      const auto got = run_engine(engine_of(graph, {}, kernels), inputs);
      for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_EQ(difference(expected[i], got[i], 1e-5, 1e-5), std::nullopt)
            << "output " << i << ", kernels " << static_cast<int>(kernels);
    }
  }
};

TEST(AbsorbCuts, OfASplit) {
  Case c;
  const ValueId x = c.joint("float32[N, 5, 48]");
  c.m.output(
      c.attention(c.m.add_all("Split", {x, c.m.constant("s", ints({16, 16, 16}))}, 3, axis(2))));
  EXPECT_EQ(c.forms(), "p1x48 p1x48 p1x48");
  EXPECT_EQ(c.forms({"absorb-cuts"}), "movement movement movement");
  const Plan plan = c.plan();
  const Step& attention = plan.root.steps.at(2);
  EXPECT_EQ(attention.problem.inputs[1]->layout.to_string(), "p1x48");
  EXPECT_EQ(plan.buffer(attention.inputs[2]).alias_offset.to_string(), "128");
  for (int64_t n : {1, 3, 0}) c.expect_same_results({n, 5, 48});
}

TEST(AbsorbCuts, OfGathersBehindReshapes) {
  Case c;
  const ValueId x = c.reshape(c.joint("float32[2, L, 48]"), {1, 2, -1, 3, row});
  std::vector<ValueId> operands;
  for (int64_t i : {2, 0, 1}) operands.push_back(c.reshape(c.pick(x, 3, i), {2, -1, row}));
  c.m.output(c.attention(operands));
  EXPECT_EQ(c.forms(), "p1x48 p1x48 p1x48");
  for (int64_t length : {1, 7, 0}) c.expect_same_results({2, length, 48});
}

// Heads are a dimension of their own before the reshape, and part of a row behind it.
TEST(AbsorbCuts, OfHeadsThatAreJoined) {
  Case c;
  const ValueId x = c.joint("float32[2, 6, 3, 2, 8]");
  std::vector<ValueId> operands;
  for (int64_t i : {0, 1, 2}) operands.push_back(c.reshape(c.pick(x, 2, i), {2, 6, row}));
  c.m.output(c.attention(operands));
  EXPECT_EQ(c.forms(), "p2x48 p2x48 p2x48");
  c.expect_same_results({2, 6, 3, 2, 8});
}

// Rows of one head, a part of a wider one; and whole matrices, a part of a wider batch.
TEST(AbsorbCuts, OfHeadsFirst) {
  Case c;
  const ValueId x = c.joint("float32[2, 2, 9, 20]");
  const auto slice = [&](ValueId of, int64_t from, int64_t to, int64_t along) {
    return c.m.add("Slice", {of, c.m.constant("s", ints({from})), c.m.constant("e", ints({to})),
                             c.m.constant("a", ints({along}))});
  };
  const ValueId q = slice(x, 4, 12, 3), k = slice(x, 12, 20, 3);
  const ValueId v = slice(c.m.add("Exp", {x}), 0, 9, 2);
  c.m.output(c.m.add("Attention", {q, k, v}));
  const ValueId wide = c.m.add("Exp", {x});
  const ValueId w = slice(wide, 2, 7, 2);
  c.m.output(c.m.add("Attention", {w, w, w}));
  EXPECT_EQ(c.forms().substr(0, 11), "p1x20 p1x20");
  EXPECT_NE(c.forms().find("p2x180"), std::string::npos);
  c.expect_same_results({2, 2, 9, 20});
}

TEST(AbsorbCuts, IsWrittenAndReadAgain) {
  Case c;
  const ValueId x = c.joint("float32[3, 5, 48]");
  c.m.output(
      c.attention(c.m.add_all("Split", {x, c.m.constant("s", ints({16, 16, 16}))}, 3, axis(2))));
  const auto engine = engine_of(c.graph, {}, Kernels::own);
  c.expect_same_results({3, 5, 48});
}

// Another reader, an output of the model, a reshape across rows, operands of other steps, two
// dimensions at once.
TEST(AbsorbCuts, NotWhereThePartIsNeededInOnePiece) {
  Case c;
  const ValueId x = c.joint("float32[2, 6, 48]");
  const ValueId shared = c.reshape(c.pick(c.reshape(x, {2, 6, 3, row}), 2, 0), {2, 6, row});
  c.m.output(c.attention({shared, shared, shared}));
  c.m.output(c.m.add("Softmax", {shared}));
  const ValueId given = c.pick(c.reshape(x, {2, 6, 3, row}), 2, 1);
  c.m.output(c.attention({given, given, given}));
  c.m.output(given);
  const ValueId across = c.reshape(c.pick(c.reshape(x, {2, 6, 3, row}), 2, 2), {2, 3, 2 * row});
  c.m.output(c.m.add("Attention", {across, across, across},
                     attributes({{"q_num_heads", heads}, {"kv_num_heads", heads}})));
  const ValueId mask = c.m.add("Slice", {c.m.add("Exp", {x}), c.m.constant("s", ints({0, 1, 3})),
                                         c.m.constant("e", ints({1, 5, 8}))});
  c.m.output(c.m.add("Softmax", {mask}));
  EXPECT_EQ(c.forms(), "movement movement movement movement");
  c.expect_same_results({2, 6, 48});
}

}  // namespace
}  // namespace cermet::testing
