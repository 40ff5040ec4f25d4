// Work in pieces on threads of its own, for what is done once and takes long: no team is at hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace cermet {

// Calls `work` for 0 .. count - 1 on up to so many threads, the caller's among them, in that order
// as threads come free. Returns when all are done; of what they throw the first by number is
// thrown.
void each_in_parallel(size_t count, size_t threads, const std::function<void(size_t)>& work);

// Calls `work` for ranges that together are 0 .. count, none shorter than `least` unless it is the
// only one, on all of the machine's threads. Returns and throws likewise.
void in_parallel(int64_t count, int64_t least,
                 const std::function<void(int64_t begin, int64_t end)>& work);

}  // namespace cermet
