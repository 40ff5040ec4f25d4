// The driver's calls about graphs.
#include "driver/state.h"

using namespace cermet::cuda;

// NOLINTBEGIN(readability-identifier-naming): the driver's names
extern "C" {

CUresult cuGraphInstantiateWithFlags(CUgraphExec* executable, CUgraph graph, unsigned long long) {
  FAKE_CUDA_CALL("cuGraphInstantiateWithFlags");
  if (state().graphs.count(graph) == 0) return error_invalid_handle;
  *executable = new CUgraphExec_st{graph->operations};
  state().executables.insert(*executable);
  return CUDA_SUCCESS;
}

CUresult cuGraphDestroy(CUgraph graph) {
  FAKE_CUDA_CALL("cuGraphDestroy");
  if (state().graphs.erase(graph) == 0) return error_invalid_handle;
  delete graph;
  return CUDA_SUCCESS;
}

CUresult cuGraphExecDestroy(CUgraphExec executable) {
  FAKE_CUDA_CALL("cuGraphExecDestroy");
  if (state().executables.erase(executable) == 0) return error_invalid_handle;
  delete executable;
  return CUDA_SUCCESS;
}

CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  FAKE_CUDA_CALL("cuGraphLaunch");
  if (state().executables.count(executable) == 0 || !is_stream(stream)) return error_invalid_handle;
  return submit(stream, [operations = executable->operations]() -> CUresult {
    for (const Operation& operation : operations)
      if (const CUresult error = operation(); error != CUDA_SUCCESS) return error;
    return CUDA_SUCCESS;
  });
}
}
// NOLINTEND(readability-identifier-naming)
