// Launches between two decisions of the host, captured once and then launched as one.
#pragma once

#include <list>
#include <memory>
#include <vector>

#include "runtime/device_queue.h"

namespace cermet {

// The same launches as several graphs: one whose kernels may start while the one in front of them
// ends (programmatic dependent launch), one in which they run in turn, and, where there are any,
// one with branches side by side. The first takes less of the GPU, the second less of the host,
// which gives the first kernel by kernel; the third pays where kernels fill a part of the GPU.
// Which is fastest depends on the network and on whether runs follow each other closely. So the
// first runs take turns, are timed by the GPU's clock, and the fastest graph stays. Results are the
// same bits.
class SegmentGraph {
 public:
  // At least one.
  explicit SegmentGraph(std::vector<cuda::Graph> ways);

  SegmentGraph(SegmentGraph&&) noexcept;
  ~SegmentGraph();

  void launch(DeviceQueue& queue);

 private:
  struct Trial;

  void settle(DeviceQueue& queue);

  cuda::Graph graph_;
  std::unique_ptr<Trial> trial_;  // nullptr: the choice is made
};

// By the addresses that the launches read and write. The least recently used ones go.
class SegmentGraphs {
 public:
  using Addresses = std::vector<const void*>;

  SegmentGraph* find(const Addresses& addresses);
  void add(Addresses addresses, SegmentGraph graph);
  // Whether the addresses were seen before, and from now on they have been: what runs but once is
  // not worth a graph.
  bool seen(const Addresses& addresses);

 private:
  static constexpr size_t most = 4;
  std::list<std::pair<Addresses, SegmentGraph>> graphs_;  // the most recently used one first
  std::list<Addresses> seen_;
};

}  // namespace cermet
