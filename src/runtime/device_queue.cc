#include "runtime/device_queue.h"

#include <algorithm>

namespace cermet {

cuda::Graph* SegmentGraphs::find(const Addresses& addresses) {
  for (auto graph = graphs_.begin(); graph != graphs_.end(); ++graph) {
    if (graph->first != addresses) continue;
    graphs_.splice(graphs_.begin(), graphs_, graph);
    return &graphs_.front().second;
  }
  return nullptr;
}

void SegmentGraphs::add(Addresses addresses, cuda::Graph graph) {
  graphs_.emplace_front(std::move(addresses), std::move(graph));
  if (graphs_.size() > most) graphs_.pop_back();
}

bool SegmentGraphs::seen(const Addresses& addresses) {
  if (std::find(seen_.begin(), seen_.end(), addresses) != seen_.end()) return true;
  seen_.push_front(addresses);
  if (seen_.size() > most) seen_.pop_back();
  return false;
}

DeviceQueue::DeviceQueue(cuda::DevicePointer device)
    : device_(std::move(device)), stream_(cuda::make_stream(device_)) {}

void DeviceQueue::copy_in(void* to, const void* from, size_t bytes) {
  cuda::copy_to_device(*device_, to, from, bytes, stream());
  copies_under_way_ = true;
}

void DeviceQueue::copy_out(void* to, const void* from, size_t bytes) {
  cuda::copy_to_host(*device_, to, from, bytes, stream());
  copies_under_way_ = true;
}

void DeviceQueue::copy(void* to, const void* from, size_t bytes) {
  cuda::copy_on_device(*device_, to, from, bytes, stream());
}

void DeviceQueue::wait_for_copies() {
  if (copies_under_way_) wait();
}

void DeviceQueue::wait() {
  copies_under_way_ = false;
  cuda::synchronize(*device_, stream());
}

void DeviceQueue::abandon() noexcept {
  copies_under_way_ = false;
  device_->driver().cuStreamSynchronize(stream());
}

cuda::Graph DeviceQueue::capture(const std::function<void()>& body) {
  const cuda::Driver& driver = device_->driver();
  device_->check(
      driver.cuStreamBeginCapture_v2(stream(), cuda::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
      "capturing launches");
  cuda::CUgraph captured = nullptr;
  try {
    body();
    device_->check(driver.cuStreamEndCapture(stream(), &captured),
                   "ending the capture of launches");
  } catch (...) {
    // A stream that captures on would swallow what later runs give it.
    driver.cuStreamEndCapture(stream(), &captured);
    const cuda::GraphTemplate useless(device_, captured);
    throw;
  }
  const cuda::GraphTemplate graph(device_, captured);
  cuda::CUgraphExec executable = nullptr;
  device_->check(driver.cuGraphInstantiateWithFlags(&executable, captured, 0),
                 "making a graph of launches");
  return {device_, executable};
}

void DeviceQueue::launch(cuda::Graph& graph) {
  device_->check(device_->driver().cuGraphLaunch(graph.get(), stream()),
                 "launching a graph of kernels");
}

}  // namespace cermet
