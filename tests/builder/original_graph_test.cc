// The judge's graph: bodies opened, names by body, equal values found.
#include "builder/original_graph.h"

#include <gtest/gtest.h>

#include "lower/lower.h"
#include "tests/support/graph_maker.h"

namespace cermet::testing {
namespace {

using Scope = OriginalGraph::Scope;

// Both branches call their values by the same names.
Graph two_branches() {
  Graph yes, no, graph;
  yes.share_symbols(graph);
  no.share_symbols(graph);
  GraphMaker y(yes), n(no), m(graph);
  y.output(y.add("Neg", {y.input("v", "float32[3]")}));
  n.output(n.add("Exp", {n.add("Neg", {n.input("v", "float32[3]")})}));
  const ValueId v = m.add("Sin", {m.input("x", "float32[3]")});
  m.output(m.add_control("If", {m.input("c", "boolean[]"), v}, {yes, no}, 1)[0]);
  return graph;
}

TEST(OriginalGraph, NamesBelongToTheirBodies) {
  const Plan plan = lower(two_branches());
  const OriginalGraph original(two_branches());
  const Step& branch = plan.root.steps.back();
  ASSERT_EQ(branch.regions.size(), 2u);
  const Scope yes = original.body(OriginalGraph::outermost, plan, branch, 0),
              no = original.body(OriginalGraph::outermost, plan, branch, 1);
  ASSERT_NE(yes, OriginalGraph::nowhere);
  ASSERT_NE(no, OriginalGraph::nowhere);
  EXPECT_NE(yes, no);
  const ValueType type = type_of("float32[3]");
  const ValueId outer = original.find("Sin0", type);
  ASSERT_NE(outer, no_value);
  EXPECT_EQ(original.find("v", type), no_value);
  EXPECT_EQ(original.find("v", type, yes), outer);
  EXPECT_EQ(original.find("v", type, no), outer);
  EXPECT_EQ(original.find("Exp1", type, yes), no_value);
  EXPECT_NE(original.find("Exp1", type, no), no_value);
  EXPECT_EQ(original.find("Neg0", type_of("int64[3]"), yes), no_value);
}

// Both branches have a Neg0, which tells nothing; only one has an Exp1.
TEST(OriginalGraph, NodesAreAtHomeInTheInnermostBody) {
  const OriginalGraph original(two_branches());
  EXPECT_EQ(original.home_of({"Sin0"}), OriginalGraph::outermost);
  EXPECT_EQ(original.home_of({"Neg0"}), OriginalGraph::nowhere);
  const Scope no = original.home_of({"Sin0", "Exp1"});
  EXPECT_NE(original.find("Exp1", type_of("float32[3]"), no), no_value);
}

TEST(OriginalGraph, EqualNodesGiveOneValue) {
  Graph graph;
  GraphMaker m(graph);
  const ValueId x = m.input("x", "float32[3, 4]");
  const auto turned = [&](std::vector<int64_t> order) {
    return m.add("Transpose", {x}, attributes({{"perm", std::move(order)}}));
  };
  const auto shifted = [&](ValueId value, float by) {
    return m.add("Add", {value, m.constant("by", reals({1}, {by}))});
  };
  const std::vector<ValueId> values{
      shifted(turned({1, 0}), 2), shifted(turned({1, 0}), 2),      shifted(turned({1, 0}), 3),
      shifted(turned({0, 1}), 2), m.add("RandomUniformLike", {x}), m.add("RandomUniformLike", {x})};
  for (ValueId value : values) m.output(value);
  const OriginalGraph original(graph);
  std::vector<ValueId> found;
  for (ValueId value : values)
    found.push_back(original.find(graph.value(value).name, graph.type(value)));
  EXPECT_EQ(found[0], found[1]);
  for (size_t i = 2; i < found.size(); ++i) EXPECT_NE(found[i], found[i - 1]) << i;
}

}  // namespace
}  // namespace cermet::testing
