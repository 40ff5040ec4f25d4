// Streams beside a context's own, in which launches that don't need each other are captured.
#pragma once

#include <functional>
#include <vector>

#include "runtime/device_queue.h"
#include "runtime/launch_order.h"

namespace cermet {

// Belongs to one context. Streams and events are made when they are first needed and stay.
class AuxiliaryStreams {
 public:
  // `most`: so many beside the queue's own stream. The queue outlives it.
  AuxiliaryStreams(DeviceQueue& queue, size_t most) : queue_(queue), most_(most) {}

  size_t most() const { return most_; }
  // One graph of the launches: `launch(i, overlaps)` puts launch i into the queue, and `overlaps`
  // says whether it may start while the one in front of it ends. The graph begins and ends in the
  // queue's stream, and within it a launch waits for what `launches` says and nothing else.
  cuda::Graph capture(const StreamedLaunches& launches,
                      const std::function<void(size_t, bool)>& launch);

 private:
  cuda::CUstream stream(size_t i) const { return i == 0 ? queue_.stream() : streams_[i - 1].get(); }
  void make(const StreamedLaunches& launches);
  void capture_launch(const StreamedLaunches& launches, size_t i,
                      const std::function<void(size_t, bool)>& launch);
  void record(const cuda::Event& event, cuda::CUstream in) const;
  void wait(cuda::CUstream in, const cuda::Event& event) const;

  DeviceQueue& queue_;
  size_t most_;
  std::vector<cuda::Stream> streams_;
  std::vector<cuda::Event> events_;  // by launch that signals, in order of launches
  std::vector<size_t> event_of_;     // by launch of the present capture
  cuda::Event fork_;
  std::vector<cuda::Event> joins_;  // by stream
};

}  // namespace cermet
