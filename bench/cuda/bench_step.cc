#include "bench/cuda/bench_step.h"

#include <algorithm>
#include <memory>

#include "backends/cuda/build/tactics.h"
#include "base/error.h"
#include "bench/cuda/operator_case.h"
#include "bench/cuda/product_case.h"
#include "runtime/step_work.h"

namespace cermet::bench {
namespace {

BufferShapes buffer_shapes(const Plan& plan, const TypicalShapes& shapes) {
  BufferShapes result(plan.buffers.size());
  const Step& step = plan.root.steps[0];
  for (size_t i = 0; i < step.inputs.size(); ++i)
    if (step.inputs[i] != no_buffer) result[step.inputs[i]] = shapes.inputs[i];
  for (size_t i = 0; i < step.outputs.size(); ++i)
    if (step.outputs[i] != no_buffer) result[step.outputs[i]] = shapes.outputs[i];
  return result;
}

BenchStep step_of(const OperatorCase& what) {
  BenchStep made;
  OperatorPlan planned = plan_of(what);
  made.plan = std::move(planned.plan);
  made.shapes = std::move(planned.shapes);
  const BufferShapes shapes = buffer_shapes(made.plan, made.shapes);
  made.operations = operations_of(made.step(), shapes).value_or(-1);
  made.bytes = bytes_of(made.plan, made.step(), shapes).value_or(0);
  made.fill = [what](cuda::LoneRun& run) {
    run.fill_inputs();
    for (size_t i = 0; i < what.inputs.size(); ++i)
      if (const auto& input = what.inputs[i]; input && !input->constant && input->has_numbers())
        run.set_input(i, numbers_of(*input, static_cast<unsigned>(i)));
  };
  return made;
}

BenchStep step_of(const ProductCase& what) {
  const auto planned = std::make_shared<const ProductPlan>(plan_of(what));
  BenchStep made;
  made.plan = planned->plan;
  made.shapes = planned->shapes;
  made.operations = what.operations();
  made.bytes = what.bytes();
  made.fill = [planned](cuda::LoneRun& run) {
    for (size_t i = 0; i < planned->inputs.size(); ++i)
      if (!planned->plan.root.steps[0].problem.inputs[i]->constant)
        run.set_input(i, *planned->inputs[i]);
  };
  made.error = [what, planned](const Tensor& result) { return error_of(what, *planned, result); };
  return made;
}

}  // namespace

std::vector<BenchEntry> bench_entries(bool quick) {
  std::vector<BenchEntry> entries;
  for (OperatorCase& what : operator_cases(quick))
    entries.push_back({what.name, what.tactic, [what] { return step_of(what); }});
  if (quick) return entries;
  for (ProductCase& what : product_cases())
    entries.push_back({what.name, "", [what] { return step_of(what); }});
  return entries;
}

void expect_every_tactic(const std::vector<BenchEntry>& entries) {
  std::vector<std::string_view> missing;
  for (const Tactic& tactic : cuda::tactics())
    if (std::none_of(entries.begin(), entries.end(),
                     [&](const BenchEntry& entry) { return entry.tactic == tactic.name; }))
      missing.push_back(tactic.name);
  require(missing.empty(), ErrorCode::internal,
          "no case of the benchmark is for {}: add one to operator_cases() in bench/cuda",
          fmt::join(missing, ", "));
}

}  // namespace cermet::bench
