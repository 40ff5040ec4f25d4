// What cermet_cuda_bench times: steps of operators and of networks' products.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backends/cuda/build/lone_run.h"
#include "plan/plan.h"
#include "tactics/typical_shapes.h"

namespace cermet::bench {

struct BenchStep {
  Plan plan;  // of one step
  TypicalShapes shapes;
  // As docs/report.md counts them; operations are unknown where they are negative.
  double operations = -1, bytes = 0;
  std::function<void(cuda::LoneRun&)> fill;  // the operands that are no constants
  // How far the first result, row-major, is from the exact one in parts of the largest; empty:
  // nothing judges it.
  std::function<double(const Tensor&)> error;

  const Step& step() const { return plan.root.steps[0]; }
};

struct BenchEntry {
  std::string name;
  std::string tactic;  // whose configurations are timed; empty: of all that take it
  std::function<BenchStep()> make;
};

// `quick`: one small case of each family instead.
std::vector<BenchEntry> bench_entries(bool quick);

// Throws internal naming the tactics of the GPU's list that none of the entries is for.
void expect_every_tactic(const std::vector<BenchEntry>& entries);

}  // namespace cermet::bench
