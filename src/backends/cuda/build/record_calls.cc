#include "backends/cuda/build/record_calls.h"

#include "backends/cuda/run/library_calls.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {

void record_calls(Plan& plan, const DevicePointer& device) {
  const CallLibraries libraries(device, plan);
  const UsedDevice used(*device);
  for_each_step(plan.root.steps, [&](Step& step) {
    if (!step.program.call) return;
    LibraryCall& call = *step.program.call;
    call.version = libraries.version_of(call);
    const auto shapes = typical_shapes(plan, step);
    if (!shapes) return;
    const SymbolValues symbols = operand_sizes(shapes->inputs, shapes->outputs);
    const std::unique_ptr<BoundCall> bound = libraries.bind(call, symbols);
    call.algorithm = bound->algorithm();
    call.algorithm_sizes = CallSizes(call, symbols).all();
    step.program.workspace_bytes = static_cast<int64_t>(with_alignment(bound->workspace_bytes()));
  });
}

}  // namespace cermet::cuda
