// Work in pieces on threads of its own, for what is done once and takes long: no team is at hand.
#pragma once

#include <cstdint>
#include <functional>

namespace cermet {

// Calls `work` for ranges that together are 0 .. count, none shorter than `least` unless it is the
// only one. Returns when all are done; what one of them throws is thrown, of several the first.
void in_parallel(int64_t count, int64_t least,
                 const std::function<void(int64_t begin, int64_t end)>& work);

}  // namespace cermet
