#include "runtime/segment_graphs.h"

#include <algorithm>
#include <array>
#include <optional>

namespace cermet {
namespace {

constexpr size_t timed_runs = 9;  // of each graph, after one that brings it to the GPU
constexpr int most_unread =
    100;  // runs that wait for times which don't come: the first graph stays

}  // namespace

struct SegmentGraph::Trial {
  std::vector<cuda::Graph> ways;
  // Run i is of graph i % ways.size().
  struct Run {
    cuda::Event begin, end;
  };
  std::vector<Run> runs = {};
  int unread = 0;

  // Of the runs of one kind; nothing where one of them has not ended.
  std::optional<double> median(const DeviceQueue& queue, size_t kind) const {
    std::array<float, timed_runs> times{};
    for (size_t i = 0; i < timed_runs; ++i) {
      const Run& run = runs[ways.size() * (i + 1) + kind];
      // An error too: of a stream that another graph captures, whose events have no times.
      if (queue.device()->driver().cuEventElapsedTime(&times[i], run.begin.get(), run.end.get()) !=
          cuda::CUDA_SUCCESS)
        return std::nullopt;
    }
    std::nth_element(times.begin(), times.begin() + timed_runs / 2, times.end());
    return times[timed_runs / 2];
  }
};

SegmentGraph::SegmentGraph(std::vector<cuda::Graph> ways) {
  if (ways.size() == 1)
    graph_ = std::move(ways.front());
  else
    trial_ = std::make_unique<Trial>(Trial{std::move(ways)});
}

SegmentGraph::SegmentGraph(SegmentGraph&&) noexcept = default;
SegmentGraph::~SegmentGraph() = default;

void SegmentGraph::settle(DeviceQueue& queue) {
  std::optional<double> least;
  size_t best = 0;
  for (size_t kind = 0; kind < trial_->ways.size(); ++kind) {
    const auto time = trial_->median(queue, kind);
    if (!time && ++trial_->unread < most_unread) return;
    if (!time) break;
    if (least && *least <= *time) continue;
    least = time;
    best = kind;
  }
  graph_ = std::move(trial_->ways[best]);
  trial_.reset();
}

void SegmentGraph::launch(DeviceQueue& queue) {
  const size_t all_runs = trial_ ? trial_->ways.size() * (timed_runs + 1) : 0;
  if (trial_ && trial_->runs.size() == all_runs) settle(queue);
  if (!trial_) return queue.launch(graph_);
  if (trial_->runs.size() == all_runs) return queue.launch(trial_->ways.front());
  cuda::Graph& way = trial_->ways[trial_->runs.size() % trial_->ways.size()];
  Trial::Run run{cuda::make_event(queue.device(), true), cuda::make_event(queue.device(), true)};
  queue.record(run.begin.get());
  queue.launch(way);
  queue.record(run.end.get());
  trial_->runs.push_back(std::move(run));
}

SegmentGraph* SegmentGraphs::find(const Addresses& addresses) {
  for (auto graph = graphs_.begin(); graph != graphs_.end(); ++graph) {
    if (graph->first != addresses) continue;
    graphs_.splice(graphs_.begin(), graphs_, graph);
    return &graphs_.front().second;
  }
  return nullptr;
}

void SegmentGraphs::add(Addresses addresses, SegmentGraph graph) {
  graphs_.emplace_front(std::move(addresses), std::move(graph));
  if (graphs_.size() > most) graphs_.pop_back();
}

bool SegmentGraphs::seen(const Addresses& addresses) {
  if (std::find(seen_.begin(), seen_.end(), addresses) != seen_.end()) return true;
  seen_.push_front(addresses);
  if (seen_.size() > most) seen_.pop_back();
  return false;
}

}  // namespace cermet
