#include "runtime/auxiliary_streams.h"

namespace cermet {
namespace {

// While it lives, what the queue is given goes into another stream.
class Diverted {
 public:
  Diverted(DeviceQueue& queue, cuda::CUstream stream) : queue_(queue) { queue_.divert(stream); }
  ~Diverted() { queue_.divert(nullptr); }
  Diverted(const Diverted&) = delete;
  Diverted& operator=(const Diverted&) = delete;

 private:
  DeviceQueue& queue_;
};

}  // namespace

void AuxiliaryStreams::make(const StreamedLaunches& launches) {
  const cuda::DevicePointer& device = queue_.device();
  if (!fork_) fork_ = cuda::make_event(device, false);
  // Each to its number: an earlier capture may have failed between them.
  while (streams_.size() + 1 < launches.streams) streams_.push_back(cuda::make_stream(device));
  while (joins_.size() < streams_.size()) joins_.push_back(cuda::make_event(device, false));
  event_of_.assign(launches.launches.size(), 0);
  size_t used = 0;
  for (size_t i = 0; i < launches.launches.size(); ++i)
    if (launches.launches[i].signals) event_of_[i] = used++;
  while (events_.size() < used) events_.push_back(cuda::make_event(device, false));
}

void AuxiliaryStreams::record(const cuda::Event& event, cuda::CUstream in) const {
  const cuda::Device& device = *queue_.device();
  device.check(device.driver().cuEventRecord(event.get(), in), "marking the end of a launch");
}

void AuxiliaryStreams::wait(cuda::CUstream in, const cuda::Event& event) const {
  const cuda::Device& device = *queue_.device();
  device.check(device.driver().cuStreamWaitEvent(in, event.get(), 0),
               "waiting for a launch of another stream");
}

void AuxiliaryStreams::capture_launch(const StreamedLaunches& launches, size_t i,
                                      const std::function<void(size_t, bool)>& launch) {
  const StreamedLaunch& what = launches.launches[i];
  cuda::CUstream const into = stream(what.stream);
  for (const size_t other : what.waits) wait(into, events_[event_of_[other]]);
  {
    const Diverted diverted(queue_, into);
    launch(i, what.overlaps);
  }
  if (what.signals) record(events_[event_of_[i]], into);
}

cuda::Graph AuxiliaryStreams::capture(const StreamedLaunches& launches,
                                      const std::function<void(size_t, bool)>& launch) {
  make(launches);
  return queue_.capture([&] {
    record(fork_, queue_.stream());
    for (size_t i = 1; i < launches.streams; ++i) wait(stream(i), fork_);
    for (size_t i = 0; i < launches.launches.size(); ++i) capture_launch(launches, i, launch);
    for (size_t i = 1; i < launches.streams; ++i) {
      record(joins_[i - 1], stream(i));
      wait(queue_.stream(), joins_[i - 1]);
    }
  });
}

}  // namespace cermet
