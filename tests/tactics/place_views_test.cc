// Concatenations and cuts that copy nothing: which become views, and that results stay the same.
#include "tactics/place_views.h"

#include <gtest/gtest.h>

#include "backends/cpu/build/tactics.h"
#include "base/error.h"
#include "engine/writer.h"
#include "lower/lower.h"
#include "tactics/plan_passes.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

// A graph under construction, and what becomes of it.
struct Case {
  Graph graph;
  GraphMaker m{graph};

  Plan plan() const {
    Plan result = lower(graph);
    arrange(result, cpu::tactics(), {});
    verify(result);
    return result;
  }
  // Kinds of the steps of that operator, in their order.
  std::string kinds(std::string_view op) const {
    std::string text;
    const Plan of = plan();
    for_each_step(of.root.steps, [&](const Step& step) {
      if (step.problem.op == op)
        text += std::string(text.empty() ? "" : " ") + std::string(name(step.problem.kind));
    });
    return text;
  }
  void expect_same_results(const std::vector<Value>& inputs) const {
    const std::vector<Value> expected = interpret(graph, inputs);
    for (const Kernels kernels : {Kernels::reference, Kernels::own, Kernels::any}) {
      const auto got = run_engine(engine_of(graph, {}, kernels), inputs);
      for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_EQ(difference(expected[i], got[i], 1e-5, 1e-6), std::nullopt)
            << "output " << i << ", kernels " << static_cast<int>(kernels);
    }
  }
};

Value value(Shape shape) { return Value(ramp(ElementType::float32, std::move(shape))); }

Attributes axis(int64_t value) { return attributes({{"axis", value}}); }

TEST(ConcatInPlace, OperandsAreWrittenSideBySide) {
  Case c;
  const ValueId x = c.m.input("x", "float32[N, 5]");
  const ValueId a = c.m.add("Exp", {x}), b = c.m.add("Neg", {x});
  c.m.output(c.m.add("Sqrt", {c.m.add("Concat", {a, b}, axis(0))}));
  const Plan plan = c.plan();
  const Step& concat = plan.root.steps.at(2);
  ASSERT_EQ(concat.problem.kind, ProblemKind::view);
  EXPECT_EQ(plan.buffer(concat.inputs[1]).alias, concat.outputs[0]);
  EXPECT_EQ(plan.buffer(concat.inputs[0]).alias_offset.to_string(), "0");
  EXPECT_EQ(plan.buffer(concat.inputs[1]).alias_offset.to_string(), "20*N");
  for (int64_t n : {1, 3, 0}) c.expect_same_results({value({n, 5})});
}

TEST(ConcatInPlace, OfChannelsOfOneImage) {
  Case c;
  const ValueId x = c.m.input("x", "float32[1, 3, H, 4]");
  const ValueId a = c.m.add("Exp", {x}), b = c.m.add("Neg", {x});
  c.m.output(c.m.add("Concat", {a, b}, axis(-3)));
  EXPECT_EQ(c.kinds("Concat"), "view") << "into the plan's output too";
  c.expect_same_results({value({1, 3, 2, 4})});
}

TEST(ConcatInPlace, NotWhereTheBatchMayBeTwo) {
  Case c;
  const ValueId x = c.m.input("x", "float32[N, 3, 4]");
  const ValueId a = c.m.add("Exp", {x}), b = c.m.add("Neg", {x});
  c.m.output(c.m.add("Concat", {a, b}, axis(1)));
  EXPECT_EQ(c.kinds("Concat"), "movement");
  c.expect_same_results({value({2, 3, 4})});
}

TEST(ConcatInPlace, ThroughReshapes) {
  Case c;
  const ValueId x = c.m.input("x", "float32[2, 6]");
  const ValueId a = c.m.add("Exp", {x}), b = c.m.add("Neg", {x});
  const ValueId shape = c.m.constant("shape", ints({4, 3}));
  const ValueId p = c.m.add("Reshape", {a, shape}), q = c.m.add("Reshape", {b, shape});
  c.m.output(c.m.add("Concat", {p, q}, axis(0)));
  c.m.output(c.m.add("Sqrt", {b}));
  const Plan plan = c.plan();
  EXPECT_EQ(c.kinds("Concat"), "view");
  EXPECT_EQ(plan.root_of(plan.root.steps.at(1).outputs[0]), plan.root.outputs[0]);
  c.expect_same_results({value({2, 6})});
}

// The plan's own input, a constant, the same operand again, what another Concat has.
TEST(ConcatInPlace, CopiesWhatIsElsewhere) {
  Case c;
  const ValueId x = c.m.input("x", "float32[2, 3]");
  const ValueId k = c.m.constant("k", ramp(ElementType::float32, {1, 3}));
  const ValueId a = c.m.add("Exp", {x});
  c.m.output(c.m.add("Neg", {c.m.add("Concat", {x, a, k, a}, axis(0))}));
  c.m.output(c.m.add("Neg", {c.m.add("Concat", {a, c.m.add("Abs", {x})}, axis(0))}));
  EXPECT_EQ(c.kinds("Concat"), "view view");
  EXPECT_EQ(c.kinds("Identity"), "movement movement movement movement");
  c.expect_same_results({value({2, 3})});
}

TEST(ConcatInPlace, LeavesAConcatWithoutOwnOperands) {
  Case c;
  const ValueId x = c.m.input("x", "float32[2, 3]");
  c.m.output(c.m.add("Neg", {c.m.add("Concat", {x, x}, axis(0))}));
  EXPECT_EQ(c.kinds("Concat"), "movement");
  c.expect_same_results({value({2, 3})});
}

TEST(ConcatInPlace, OfConcats) {
  Case c;
  const ValueId x = c.m.input("x", "float32[2, 3]");
  const ValueId a = c.m.add("Exp", {x}), b = c.m.add("Neg", {x}), d = c.m.add("Abs", {x});
  const ValueId ab = c.m.add("Concat", {a, b}, axis(0));
  c.m.output(c.m.add("Sin", {c.m.add("Concat", {d, ab}, axis(0))}));
  c.m.output(c.m.add("Cos", {ab}));
  const Plan plan = c.plan();
  EXPECT_EQ(c.kinds("Concat"), "view view");
  c.expect_same_results({value({2, 3})});
}

// An output has memory of its own.
TEST(ConcatInPlace, LeavesOutputsAlone) {
  Case c;
  const ValueId x = c.m.input("x", "float32[2, 3]");
  const ValueId a = c.m.add("Exp", {x}), b = c.m.add("Neg", {x});
  c.m.output(a);
  c.m.output(c.m.add("Sin", {c.m.add("Concat", {a, b}, axis(0))}));
  EXPECT_EQ(c.kinds("Concat"), "view");
  EXPECT_EQ(c.kinds("Identity"), "movement");
  c.expect_same_results({value({2, 3})});
}

// Rectified in place, the operand would be lost to its other reader; and what is to be added in
// place is read after the whole is complete.
TEST(ConcatInPlace, KeepsPartsForTheirOtherReaders) {
  Case c;
  const ValueId x = c.m.input("x", "float32[4, 3]");
  const ValueId a = c.m.add("Exp", {x}), b = c.m.add("Relu", {a});
  const ValueId whole = c.m.add("Concat", {a, b}, axis(0));
  const ValueId changed = c.m.add("Neg", {whole});
  const ValueId again = c.m.add("Add", {a, b});
  c.m.output(c.m.add("Sin", {changed}));
  c.m.output(c.m.add("Cos", {again}));
  EXPECT_EQ(c.kinds("Concat"), "view");
  c.expect_same_results({value({4, 3})});
}

TEST(ConcatInPlace, InABody) {
  Case c;
  const ValueId x = c.m.input("x", "float32[2, 3]"), condition = c.m.input("c", "boolean[]");
  std::vector<Graph> bodies(2);
  for (Graph& body : bodies) {
    GraphMaker inner(body);
    const ValueId y = inner.input("y", "float32[2, 3]");
    const ValueId a = inner.add("Exp", {y}), b = inner.add("Neg", {y});
    inner.output(inner.add("Concat", {a, &body == bodies.data() ? b : y}, axis(0)));
  }
  const ValueId outside = c.m.add("Abs", {x});
  const auto result = c.m.add_control("If", {condition, outside}, std::move(bodies), 1,
                                      attributes({{"captured", int64_t{1}}}));
  c.m.output(result[0]);
  EXPECT_EQ(c.kinds("Concat"), "view view");
  for (const bool taken : {true, false}) {
    Tensor flag(ElementType::boolean, {});
    flag.view().as<uint8_t>()[0] = taken;
    c.expect_same_results({value({2, 3}), Value(flag)});
  }
}

TEST(CutsAsViews, SplitAlongTheSlowestDimension) {
  Case c;
  const ValueId x = c.m.input("x", "float32[1, 6, 2, 4]");
  const auto parts = c.m.add_all("Split", {c.m.add("Exp", {x})}, 3,
                                 attributes({{"axis", int64_t{1}}, {"num_outputs", int64_t{3}}}));
  c.m.output(c.m.add("Add", {c.m.add("Mul", {parts[0], parts[2]}), parts[1]}));
  EXPECT_EQ(c.kinds("Split"), "view");
  c.expect_same_results({value({1, 6, 2, 4})});
}

TEST(CutsAsViews, NotAlongAFasterOne) {
  Case c;
  const ValueId x = c.m.input("x", "float32[2, 6]");
  const auto parts =
      c.m.add_all("Split", {x}, 2, attributes({{"axis", int64_t{1}}, {"num_outputs", int64_t{2}}}));
  c.m.output(c.m.add("Mul", {parts[0], parts[1]}));
  EXPECT_EQ(c.kinds("Split"), "movement");
  c.expect_same_results({value({2, 6})});
}

ValueId slice(Case& c, ValueId x, int64_t start, int64_t end, int64_t axis, int64_t step = 1) {
  const auto constant = [&](const char* name, int64_t value) {
    return c.m.constant(name, ints({value}));
  };
  return c.m.add("Slice", {x, constant("start", start), constant("end", end),
                           constant("axis", axis), constant("step", step)});
}

TEST(CutsAsViews, SliceOfAnInput) {
  Case c;
  const ValueId x = c.m.input("x", "float32[N, 3]");
  c.m.output(c.m.add("Exp", {slice(c, x, 1, 3, 0)}));
  c.m.output(c.m.add("Exp", {slice(c, x, -2, 100, -2)}));
  EXPECT_EQ(c.kinds("Slice"), "view view");
  for (int64_t n : {0, 1, 2, 3, 7}) c.expect_same_results({value({n, 3})});
}

TEST(CutsAsViews, NotWithSteps) {
  Case c;
  const ValueId x = c.m.input("x", "float32[8, 3]");
  c.m.output(c.m.add("Exp", {slice(c, x, 1, 7, 0, 2)}));
  EXPECT_EQ(c.kinds("Slice"), "movement");
  c.expect_same_results({value({8, 3})});
}

TEST(CutsAsViews, GatherOfOneIndex) {
  Case c;
  const ValueId x = c.m.input("x", "float32[3, N, 4]");
  const ValueId doubled = c.m.add("Add", {x, x});
  std::vector<ValueId> picked;
  for (const int64_t i : {0, 1, -1})
    picked.push_back(c.m.add("Gather", {doubled, c.m.constant("i", ints(Shape{}, {i}))}, axis(0)));
  c.m.output(c.m.add("Add", {c.m.add("Mul", {picked[0], picked[1]}), picked[2]}));
  EXPECT_EQ(c.kinds("Gather"), "view view view");
  for (int64_t n : {1, 5}) c.expect_same_results({value({3, n, 4})});
}

// A step may not write over a part that another one reads later.
TEST(CutsAsViews, InPlaceStepsLeaveOtherPartsAlone) {
  Case c;
  const ValueId x = c.m.input("x", "float32[4, 3]");
  const auto parts = c.m.add_all("Split", {c.m.add("Exp", {x})}, 2,
                                 attributes({{"axis", int64_t{0}}, {"num_outputs", int64_t{2}}}));
  const ValueId second = c.m.add("Softmax", {parts[1]}), first = c.m.add("Softmax", {parts[0]});
  c.m.output(c.m.add("Mul", {first, second}));
  EXPECT_EQ(c.kinds("Split"), "view");
  c.expect_same_results({value({4, 3})});
}

TEST(CutsAsViews, ResultsOfThePlanAreCopied) {
  Case c;
  const ValueId x = c.m.input("x", "float32[4, 3]");
  const auto parts = c.m.add_all("Split", {c.m.add("Exp", {x})}, 2,
                                 attributes({{"axis", int64_t{0}}, {"num_outputs", int64_t{2}}}));
  c.m.output(parts[0]);
  c.m.output(c.m.add("Neg", {parts[1]}));
  EXPECT_EQ(c.kinds("Split"), "movement");
  c.expect_same_results({value({4, 3})});
}

// A file may say anything about sizes that only a run knows.
TEST(Parts, OutsideOfTheirWholeAreRefused) {
  Case c;
  const ValueId x = c.m.input("x", "float32[N, 5]");
  const ValueId a = c.m.add("Exp", {x}), b = c.m.add("Neg", {x});
  c.m.output(c.m.add("Sqrt", {c.m.add("Concat", {a, b}, axis(0))}));
  const Dim size = Dim::symbol("N") * 20;
  const std::pair<Dim, std::string_view> cases[] = {{size + 4, "from byte 44 on"},
                                                    {size * 1000, "from byte 40000 on"},
                                                    {0 - size, "from byte -40 on"},
                                                    {size - 2, "amid an element"}};
  for (const auto& [offset, message] : cases) {
    Plan plan = c.plan();
    EngineInfo info;
    choose_tactics(plan, cpu::tactics(), {}, info.requirements);
    plan.buffers[plan.root.steps.at(2).inputs[1]].alias_offset = offset;
    const auto engine = Engine::from_memory(engine_bytes(plan, info));
    try {
      run_engine(engine, {value({2, 5})});
      FAIL() << "expected an error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_engine);
      EXPECT_NE(error.message().find(message), std::string::npos) << error.message();
    }
  }
}

TEST(PlanPasses, EachCanBeLeftOut) {
  Case c;
  const ValueId x = c.m.input("x", "float32[4, 3]");
  const auto parts = c.m.add_all("Split", {c.m.add("Exp", {x})}, 2,
                                 attributes({{"axis", int64_t{0}}, {"num_outputs", int64_t{2}}}));
  const ValueId a = c.m.add("Neg", {parts[0]}), b = c.m.add("Abs", {parts[1]});
  c.m.output(c.m.add("Concat", {b, a}, axis(0)));
  for (const PlanPass& pass : plan_passes()) {
    Plan plan = lower(c.graph);
    const std::vector<std::string> skip{std::string(pass.name)};
    for (const PlanPassResult& result : arrange(plan, cpu::tactics(), {}, skip))
      EXPECT_NE(result.name, pass.name);
    for (const Step& step : plan.root.steps) {
      if (step.problem.op == "Split") {
        EXPECT_EQ(step.problem.kind == ProblemKind::movement, pass.name == "cuts-as-views");
      }
      if (step.problem.op == "Concat") {
        EXPECT_EQ(step.problem.kind == ProblemKind::movement, pass.name == "concat-in-place");
      }
    }
  }
}

}  // namespace
}  // namespace cermet::testing
