#include <gtest/gtest.h>

#include "cermet/builder.h"

namespace cermet {
namespace {

TEST(BuildReport, TellsOfTheLastBuildAlone) {
  BuildOptions options;
  options.tuning_budget = 0;
  BuildReport report;
  report.keep_text = true;
  build_engine("examples/digits/digits.onnx", options, &report);
  const size_t steps = report.steps.size(), passes = report.passes.size();
  EXPECT_GT(steps, 0u);
  build_engine("examples/digits/digits.onnx", options, &report);
  EXPECT_EQ(report.steps.size(), steps);
  EXPECT_EQ(report.passes.size(), passes);
  EXPECT_NE(report.plan, "") << "the caller's wishes stay";
}

}  // namespace
}  // namespace cermet
