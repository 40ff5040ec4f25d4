// Which launches have to wait for which, by the memory that they touch, and in which streams they
// run side by side where they need not.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cermet/tensor.h"
#include "expr/layout.h"

namespace cermet {

// Bytes of a tensor: all between `begin` and `end`, or, with a pitch, the first `row` bytes of
// every `pitch` from `begin` on.
struct MemoryPiece {
  uintptr_t begin = 0, end = 0;
  size_t row = 0, pitch = 0;
};
MemoryPiece piece_of(const void* data, ElementType type, const Shape& shape, const Layout& layout);
MemoryPiece piece_of(const void* data, size_t bytes);
// Exact where both lie in one piece or have the same pitch; else some that are apart count as
// overlapping.
bool overlap(const MemoryPiece& a, const MemoryPiece& b);

// What a launch touches of memory that any other launch writes.
struct LaunchMemory {
  std::vector<MemoryPiece> reads, writes;
};

// Launches in the order in which they would run one by one. One that writes waits for those before
// it that write or read there, one that reads for those that write there. It is the memory that
// counts, not the values: where two values of disjoint lifetimes share a place, the later one's
// writer waits for the earlier one's readers.
class LaunchOrder {
 public:
  explicit LaunchOrder(std::span<const LaunchMemory> launches);

  size_t size() const { return predecessors_.size(); }
  // Those for which it waits, the latest first, without any for which one of them waits anyway.
  const std::vector<size_t>& predecessors(size_t launch) const { return predecessors_[launch]; }
  // Whether it waits for the other, at once or through others.
  bool waits_for(size_t launch, size_t other) const { return ancestors_[launch][other]; }

 private:
  std::vector<std::vector<size_t>> predecessors_;
  std::vector<std::vector<bool>> ancestors_;
};

struct StreamedLaunch {
  size_t stream = 0;          // 0: the context's own
  std::vector<size_t> waits;  // launches of other streams, for which it waits by their events
  bool signals = false;       // one of another stream waits for it
  // It may start while the launch in front of it in its stream ends: that is all it waits for, and
  // nothing else waits for that one. What a kernel waits for once it has started is the launch in
  // front of it alone.
  bool overlaps = false;
};

struct StreamedLaunches {
  std::vector<StreamedLaunch> launches;
  size_t streams = 1;
};

// A launch continues the stream of the latest of its predecessors behind which nothing was put yet;
// else it takes a stream whose last launch it waits for anyway, then one that is unused, of at most
// `most_auxiliary` beside the first, then the one whose last launch is the earliest.
StreamedLaunches deal_out(const LaunchOrder& order, size_t most_auxiliary);

}  // namespace cermet
