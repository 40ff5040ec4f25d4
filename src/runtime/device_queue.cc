#include "runtime/device_queue.h"

#include <algorithm>
#include <cstring>

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

DeviceQueue::DeviceQueue(cuda::MemorySourcePointer source)
    : device_(source->device()),
      source_(std::move(source)),
      stream_(cuda::make_stream(device_)),
      cache_(std::make_shared<cuda::MemoryCache>(source_, stream_.get())),
      staging_(device_) {}

DeviceQueue::~DeviceQueue() {
  const cuda::UsedDevice used(*device_, std::nothrow);
  if (last_run_) device_->driver().cuEventSynchronize(last_run_.get());
  device_->driver().cuStreamSynchronize(stream_.get());
}

cuda::DeviceMemory DeviceQueue::allocate_for_all_streams(size_t bytes) {
  cuda::DeviceMemory memory(source_, bytes, stream_.get());
  cuda::synchronize(*device_, stream_.get());
  return memory;
}

void DeviceQueue::wait_for_runs() {
  if (last_run_)
    device_->check(device_->driver().cuEventSynchronize(last_run_.get()), "waiting for a run");
  cuda::synchronize(*device_, stream_.get());
}

void DeviceQueue::use_stream(cuda::CUstream stream) {
  if (stream == borrowed_) return;
  cuda::CUstream const next = stream != nullptr ? stream : stream_.get();
  if (last_run_)
    device_->check(device_->driver().cuStreamWaitEvent(next, last_run_.get(), 0),
                   "waiting for a run in another stream");
  borrowed_ = stream;
}

void DeviceQueue::end_of_run() {
  if (!last_run_) last_run_ = cuda::make_event(device_, false);
  device_->check(device_->driver().cuEventRecord(last_run_.get(), stream()),
                 "marking the end of a run");
}

size_t DeviceQueue::mark(bool captured) {
  if (marks_used_ == marks_.size()) marks_.push_back(cuda::make_event(device_, true));
  const cuda::CUevent event = marks_[marks_used_].get();
  const cuda::Driver& driver = device_->driver();
  device_->check(
      captured ? driver.cuEventRecordWithFlags(event, stream(), cuda::CU_EVENT_RECORD_EXTERNAL)
               : driver.cuEventRecord(event, stream()),
      "recording an event");
  return marks_used_++;
}

double DeviceQueue::microseconds_between(size_t from, size_t to) const {
  return 1000 * cuda::milliseconds_between(*device_, marks_[from].get(), marks_[to].get());
}

double DeviceQueue::microseconds_since(const cuda::Event& from, size_t to) const {
  return 1000 * cuda::milliseconds_between(*device_, from.get(), marks_[to].get());
}

void DeviceQueue::record(cuda::CUevent event) {
  device_->check(device_->driver().cuEventRecord(event, stream()), "recording an event");
}

bool DeviceQueue::is_awaited(const void* memory, size_t bytes) const {
  const auto begin = reinterpret_cast<uintptr_t>(memory);
  return std::any_of(staged_.begin(), staged_.end(), [&](const StagedCopy& copy) {
    const auto target = reinterpret_cast<uintptr_t>(copy.to);
    return begin < target + copy.bytes && target < begin + bytes;
  });
}

void DeviceQueue::copy_in(void* to, const void* from, size_t bytes) {
  constexpr size_t few = 64 << 10;  // that the driver takes at once
  // Bytes that are on their way to the host can only be read once they are there.
  if (is_awaited(from, bytes)) wait();
  std::byte* const staged = bytes > few && !device_->knows(from) ? staging_.take(bytes) : nullptr;
  if (staged != nullptr) std::memcpy(staged, from, bytes);
  cuda::copy_to_device(*device_, to, staged != nullptr ? staged : from, bytes, stream());
  copies_under_way_ = copies_under_way_ || staged == nullptr;
}

void DeviceQueue::copy_out(void* to, const void* from, size_t bytes) {
  std::byte* const staged = device_->knows(to) ? nullptr : staging_.take(bytes);
  cuda::copy_to_host(*device_, staged != nullptr ? staged : to, from, bytes, stream());
  if (staged != nullptr) staged_.push_back({to, staged, bytes});
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
  finish_copies();
}

void DeviceQueue::finish_copies() {
  for (const StagedCopy& copy : staged_) std::memcpy(copy.to, copy.from, copy.bytes);
  staged_.clear();
  staging_.reset();
}

void DeviceQueue::abandon() noexcept {
  copies_under_way_ = false;
  device_->driver().cuStreamSynchronize(stream());
  staged_.clear();
  staging_.reset();
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
