// A context's way to the GPU: its stream, and what goes into it.
#pragma once

#include <functional>
#include <vector>

#include "backends/cuda/run/memory.h"
#include "runtime/host_staging.h"

namespace cermet {

// Belongs to one context. Everything that it is given runs in order, whatever the stream. Nothing
// that it does holds up other contexts: its stream does not wait for the default one, and a run on
// shapes and addresses seen before makes no call that waits for the whole card.
class DeviceQueue {
 public:
  explicit DeviceQueue(cuda::MemorySourcePointer source);
  ~DeviceQueue() { settle(); }
  DeviceQueue(const DeviceQueue&) = delete;
  DeviceQueue& operator=(const DeviceQueue&) = delete;

  const cuda::DevicePointer& device() const { return device_; }
  const cuda::MemorySourcePointer& source() const { return source_; }
  // For runs in its own stream: what is given back, the next one may get while that still uses it.
  std::shared_ptr<cuda::DeviceMemory> allocate(size_t bytes) { return cache_->take(bytes); }
  // For runs in any stream; nothing may be under way when it is given back.
  cuda::DeviceMemory allocate_for_all_streams(size_t bytes);
  // Waits for the runs of all streams.
  void wait_for_runs();
  // Likewise, before they lose what they use; there is nobody to tell of an error.
  void settle() noexcept;
  // Into which everything goes: the queue's own stream, or one of the caller's.
  cuda::CUstream stream() const {
    if (diverted_ != nullptr) return diverted_;
    return borrowed_ != nullptr ? borrowed_ : stream_.get();
  }
  // nullptr: its own again.
  void use_stream(cuda::CUstream stream);
  // Within capture(): what follows goes into another stream of the capture; nullptr: no longer.
  void divert(cuda::CUstream stream) { diverted_ = stream; }
  // The caller's stream has all of a run: what goes into another stream from now on waits for it.
  void end_of_run();

  // Both return before the bytes are there. The host's memory is the queue's until wait().
  void copy_in(void* to, const void* from, size_t bytes);
  void copy_out(void* to, const void* from, size_t bytes);
  void copy(void* to, const void* from, size_t bytes);
  // When what it was given so far is done.
  void record(cuda::CUevent event);
  // Waits until everything has run, if the host's memory takes part in what has not yet; whether it
  // did. A fault of a kernel comes out here.
  bool wait_for_copies();
  void wait();
  // After an error: waits as far as that is possible, so that nothing is under way that would
  // write into memory which the caller takes back.
  void abandon() noexcept;

  // The launches that `body` makes, as a graph.
  cuda::Graph capture(const std::function<void()>& body);
  void launch(cuda::Graph& graph);

  // Points of the stream at which the device's clock is read, counted from 0 since clear_marks().
  // `captured`: within capture(), and read when the graph runs.
  void clear_marks() { marks_used_ = 0; }
  size_t mark(bool captured);
  // Once everything has run.
  double microseconds_between(size_t from, size_t to) const;
  double microseconds_since(const cuda::Event& from, size_t to) const;

 private:
  void finish_copies();
  // Whether bytes of this memory are still on their way from the device.
  bool is_awaited(const void* memory, size_t bytes) const;

  cuda::DevicePointer device_;
  cuda::MemorySourcePointer source_;
  cuda::Stream stream_;
  std::shared_ptr<cuda::MemoryCache> cache_;
  HostStaging staging_;
  // From staging_ to where they were wanted, once they are there.
  struct StagedCopy {
    void* to = nullptr;
    const void* from = nullptr;
    size_t bytes = 0;
  };
  std::vector<StagedCopy> staged_;
  cuda::CUstream borrowed_ = nullptr;
  cuda::CUstream diverted_ = nullptr;
  cuda::Event last_run_;  // the end of what was put into a caller's stream
  std::vector<cuda::Event> marks_;
  size_t marks_used_ = 0;
  bool copies_under_way_ = false;  // that read or write the host's memory
};

}  // namespace cermet
