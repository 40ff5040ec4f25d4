// A table of masks that is too short for the keys fails as it did before attention was recognised.
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/passes/pass_cases.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

class ShortTable : public ::testing::TestWithParam<std::string_view> {};

TEST_P(ShortTable, IsAnErrorWithEveryKernel) {
  Graph before;
  GraphMaker maker(before);
  for (const PassCase& what : firing_attention())
    if (what.name == GetParam()) what.build(maker);
  std::vector<Value> inputs;
  for (ValueId id : before.inputs()) {
    Shape shape;
    for (const Dim& dim : *before.type(id).dims)
      shape.push_back(dim.is_constant() ? dim.constant() : dim == Dim::symbol("M") ? 9 : 2);
    inputs.emplace_back(ramp(ElementType::float32, shape));
  }
  const Graph after = after_pass(before, "fuse-attention"), all = optimised(before);
  for (const Graph* graph : {&std::as_const(before), &after, &all})
    for (Kernels kernels : {Kernels::reference, Kernels::own, Kernels::any})
      EXPECT_THROW(run_engine(engine_of(*graph, {}, kernels), inputs), Error)
          << "nothing failed in:\n"
          << print(*graph);
}

INSTANTIATE_TEST_SUITE_P(Attention, ShortTable, ::testing::Values("causal-table", "table-alone"),
                         [](const auto& info) {
                           return info.param == "table-alone" ? "Alone" : "WithMask";
                         });

}  // namespace
}  // namespace cermet::testing
