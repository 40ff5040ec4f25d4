// Transposes that products do by strides: which become views, and that results stay the same.
#include "tactics/absorb_transposes.h"

#include <gtest/gtest.h>

#include "backends/cpu/build/tactics.h"
#include "lower/lower.h"
#include "tactics/plan_passes.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

struct Case {
  Graph graph;
  GraphMaker m{graph};

  ValueId transpose(ValueId x, std::vector<int64_t> perm) {
    return m.add("Transpose", {x}, attributes({{"perm", std::move(perm)}}));
  }
  Plan plan(const std::vector<std::string>& skip = {}, const TacticOptions& options = {}) const {
    Plan result = lower(graph);
    arrange(result, cpu::tactics(), options, skip);
    verify(result);
    return result;
  }
  // What each Transpose has become: the layout of a view, or the kind of its step.
  static std::string forms(const Plan& plan) {
    std::string text;
    for_each_step(plan.root.steps, [&](const Step& step) {
      if (step.problem.op != "Transpose") return;
      if (!text.empty()) text += " ";
      text += step.problem.kind == ProblemKind::view
                  ? plan.buffer(step.outputs[0]).layout.to_string()
                  : name(step.problem.kind);
    });
    return text;
  }
  std::string forms() const { return forms(plan()); }
  void expect_same_results(const std::vector<Shape>& shapes) const {
    std::vector<Value> inputs;
    for (const Shape& shape : shapes) inputs.emplace_back(ramp(ElementType::float32, shape));
    const std::vector<Value> expected = interpret(graph, inputs);
    for (const Kernels kernels : {Kernels::reference, Kernels::own, Kernels::any}) {
      const auto got = run_engine(engine_of(graph, {}, kernels), inputs);
      for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_EQ(difference(expected[i], got[i], 1e-5, 1e-5), std::nullopt)
            << "output " << i << ", kernels " << static_cast<int>(kernels);
    }
  }
};

TEST(AbsorbTransposes, OfTheRightOperand) {
  Case c;
  const ValueId x = c.m.input("x", "float32[N, 7, 5]"), y = c.m.input("y", "float32[N, 9, 5]");
  c.m.output(c.m.add("MatMul", {x, c.transpose(y, {0, 2, 1})}));
  const Plan plan = c.plan();
  EXPECT_EQ(Case::forms(plan), "021");
  const Step& product = plan.root.steps.at(1);
  EXPECT_EQ(product.problem.inputs[1]->layout.to_string(), "021");
  EXPECT_EQ(plan.buffer(product.inputs[1]).alias, plan.root.inputs[1]);
  for (int64_t n : {1, 3, 0}) c.expect_same_results({{n, 7, 5}, {n, 9, 5}});
}

// Packing columns of the left factor costs more than transposing it.
TEST(AbsorbTransposes, OfTheRightMatrixAlone) {
  Case c;
  const ValueId x = c.m.input("x", "float32[33, 20]"), y = c.m.input("y", "float32[40, 33]");
  c.m.output(c.m.add("MatMul", {c.m.add("Transpose", {x}), c.m.add("Transpose", {y})}));
  EXPECT_EQ(c.forms(), "movement 10");
  c.expect_same_results({{33, 20}, {40, 33}});
}

// Heads lie side by side in a row.
TEST(AbsorbTransposes, OfBatches) {
  Case c;
  const ValueId x = c.m.input("x", "float32[B, 6, 3, 8]"),
                y = c.m.input("y", "float32[B, 5, 3, 8]");
  const ValueId scores =
      c.m.add("MatMul", {c.transpose(x, {0, 2, 1, 3}), c.transpose(y, {0, 2, 3, 1})});
  c.m.output(c.m.add("MatMul", {scores, c.transpose(y, {0, 2, 1, 3})}));
  EXPECT_EQ(c.forms(), "0213 0312 0213");
  c.expect_same_results({{2, 6, 3, 8}, {2, 5, 3, 8}});
}

TEST(AbsorbTransposes, OfABatchThatRepeats) {
  Case c;
  const ValueId x = c.m.input("x", "float32[5, 4, 6]"), y = c.m.input("y", "float32[1, 7, 6]");
  const ValueId left = c.transpose(x, {1, 0, 2});
  c.m.output(c.m.add("MatMul", {left, c.transpose(y, {0, 2, 1})}));
  EXPECT_EQ(c.forms(), "102 021");
  c.expect_same_results({{5, 4, 6}, {1, 7, 6}});
}

TEST(AbsorbTransposes, ForAllReadersAndBothOperands) {
  Case c;
  const ValueId x = c.transpose(c.m.input("x", "float32[6, 3, 6]"), {1, 0, 2});
  const ValueId y = c.m.input("y", "float32[4, 6]");
  c.m.output(c.m.add("MatMul", {x, x}));
  c.m.output(c.m.add("Relu", {c.m.add("MatMul", {y, x})}));
  EXPECT_EQ(c.forms(), "102");
  c.expect_same_results({{6, 3, 6}, {4, 6}});
}

// Another reader, an output of the plan, elements of another type, neither rows nor columns in one
// piece, a vector, an operand of the epilogue.
TEST(AbsorbTransposes, NotWhereItIsNeededAsItIs) {
  Case c;
  const ValueId w = c.m.input("w", "float32[4, 4]");
  const ValueId read = c.transpose(c.m.input("a", "float32[3, 4]"), {1, 0});
  c.m.output(c.m.add("MatMul", {w, read}));
  c.m.output(c.m.add("Softmax", {read}));
  const ValueId given = c.transpose(c.m.input("b", "float32[3, 4]"), {1, 0});
  c.m.output(c.m.add("MatMul", {w, given}));
  c.m.output(given);
  const ValueId depth = c.transpose(c.m.input("d", "float32[4, 3, 5]"), {2, 0, 1});
  c.m.output(c.m.add("MatMul", {w, depth}));
  const ValueId wide = c.transpose(c.m.input("e", "float64[3, 4]"), {1, 0});
  c.m.output(c.m.add("MatMul", {c.m.input("f", "float64[2, 4]"), wide}));
  const ValueId by_vector = c.transpose(c.m.input("g", "float32[3, 4]"), {1, 0});
  c.m.output(c.m.add("MatMul", {c.m.input("v", "float32[4]"), by_vector}));
  EXPECT_EQ(c.forms(), "movement movement movement movement movement");
}

TEST(AbsorbTransposes, NotFromAnEpilogue) {
  Case c;
  const ValueId x = c.m.input("x", "float32[4, 3]"), y = c.m.input("y", "float32[3, 4]");
  const ValueId added = c.transpose(c.m.input("z", "float32[4, 4]"), {1, 0});
  c.m.output(c.m.add("Add", {c.m.add("MatMul", {x, y}), added}));
  Case fused;
  fused.graph = optimised(c.graph);
  EXPECT_EQ(fused.forms(), "movement");
}

TEST(AbsorbTransposes, NotWithoutAKernelForIt) {
  Case c;
  const ValueId x = c.m.input("x", "float32[4, 3]"), y = c.m.input("y", "float32[5, 3]");
  c.m.output(c.m.add("MatMul", {x, c.transpose(y, {1, 0})}));
  TacticOptions options;
  options.disabled = {"onednn.", "cpu.gemm"};
  EXPECT_EQ(Case::forms(c.plan({}, options)), "movement");
  EXPECT_EQ(Case::forms(c.plan({"absorb-transposes"})), "movement");
  EXPECT_EQ(c.forms(), "10");
}

// Within a loop's body too, but not where the body reads what lies outside.
TEST(AbsorbTransposes, WithinBodiesAlone) {
  Case c;
  const ValueId outer = c.transpose(c.m.input("x", "float32[3, 4]"), {1, 0});
  Graph yes, no;
  for (Graph* body : {&yes, &no}) {
    body->share_symbols(c.graph);
    GraphMaker m(*body);
    const ValueId x = m.input("x", "float32[4, 3]"), y = m.input("y", "float32[4, 3]");
    const ValueId turned =
        m.add("Transpose", {y}, attributes({{"perm", std::vector<int64_t>{1, 0}}}));
    m.output(m.add("MatMul", {x, turned}));
  }
  const ValueId condition = c.m.input("c", "boolean[]"), y = c.m.input("y", "float32[4, 3]");
  c.m.output(c.m.add_control("If", {condition, outer, y}, {yes, no}, 1)[0]);
  EXPECT_EQ(c.forms(), "movement 10 10");
}

}  // namespace
}  // namespace cermet::testing
