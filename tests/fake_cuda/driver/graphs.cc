// The driver's calls about graphs. What is in one runs in the order in which it was captured; with
// order=SEED in any order that its edges allow, another one at each launch.
#include <random>

#include "driver/state.h"
#include "settings.h"

using namespace cermet::cuda;

namespace {

// Of places in `nodes`.
std::vector<size_t> random_order(const std::vector<GraphNode>& nodes, std::mt19937_64& random) {
  std::vector<size_t> order, ready;
  std::vector<size_t> missing(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) {
    missing[i] = nodes[i].waits.size();
    if (missing[i] == 0) ready.push_back(i);
  }
  while (!ready.empty()) {
    std::swap(ready[random() % ready.size()], ready.back());
    const size_t next = ready.back();
    ready.pop_back();
    order.push_back(next);
    for (size_t i = next + 1; i < nodes.size(); ++i)
      if (nodes[i].waits.count(next) != 0 && --missing[i] == 0) ready.push_back(i);
  }
  return order;
}

std::vector<size_t> order_of(const std::vector<GraphNode>& nodes) {
  const int64_t seed = fake_cuda::setting("order", 0);
  if (seed == 0) {
    std::vector<size_t> order(nodes.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    return order;
  }
  static int64_t seeded = 0;
  static std::mt19937_64 random;
  if (seed != seeded) random.seed(static_cast<uint64_t>(seed));
  seeded = seed;
  return random_order(nodes, random);
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the driver's names
extern "C" {

CUresult cuGraphInstantiateWithFlags(CUgraphExec* executable, CUgraph graph, unsigned long long) {
  FAKE_CUDA_CALL("cuGraphInstantiateWithFlags");
  if (state().graphs.count(graph) == 0) return error_invalid_handle;
  *executable = new CUgraphExec_st{graph->nodes};
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
  return submit(stream, [nodes = executable->nodes]() -> CUresult {
    for (const size_t i : order_of(nodes))
      if (const CUresult error = nodes[i].operation(); error != CUDA_SUCCESS) return error;
    return CUDA_SUCCESS;
  });
}
}
// NOLINTEND(readability-identifier-naming)
