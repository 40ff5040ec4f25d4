// What threads of a block and lanes of a warp do together.
#pragma once

namespace emulation {

// The value of type T that `lane` gave. A lane that isn't there gives what the card may give.
template <class T>
T given(const Meeting* meeting, unsigned lane) {
  T value;
  if ((meeting->present >> lane & 1) != 0)
    __builtin_memcpy(&value, meeting->slots[lane].bytes, sizeof(T));
  else
    __builtin_memset(&value, 0xff, sizeof(T));
  return value;
}

template <class T>
const Meeting* meet(Together kind, unsigned mask, T value) {
  static_assert(sizeof(T) <= sizeof(Meeting::Slot), "more than a lane gives");
  const Meeting* met = emulated_machine->meet(kind, mask, &value, sizeof(T));
  asm volatile("" ::: "memory");
  return met;
}

inline unsigned lane() { return emulated_machine->linear % 32; }

}  // namespace emulation

inline int __syncthreads_count(int predicate) {
  const int count = emulated_machine->sync_threads(predicate != 0 ? 1 : 0);
  asm volatile("" ::: "memory");
  return count;
}
inline void __syncthreads() { __syncthreads_count(0); }
inline int __syncthreads_or(int predicate) { return __syncthreads_count(predicate) != 0; }
inline int __syncthreads_and(int predicate) { return __syncthreads_count(predicate == 0) == 0; }

inline void __syncwarp(unsigned mask = 0xffffffffu) {
  emulation::meet(emulation::Together::sync, mask, 0);
}
inline unsigned __activemask() { return emulated_machine->live_lanes(); }

// `width` lanes, a power of two, form a segment.
template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
  const auto* met = emulation::meet(emulation::Together::shuffle, mask, value);
  const unsigned inside = static_cast<unsigned>(width) - 1;
  return emulation::given<T>(
      met, (emulation::lane() & ~inside) | (static_cast<unsigned>(source) & inside));
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  const auto* met = emulation::meet(emulation::Together::shuffle, mask, value);
  const unsigned lane = emulation::lane(), place = lane & (static_cast<unsigned>(width) - 1);
  return place < delta ? value : emulation::given<T>(met, lane - delta);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  const auto* met = emulation::meet(emulation::Together::shuffle, mask, value);
  const unsigned lane = emulation::lane(), place = lane & (static_cast<unsigned>(width) - 1);
  return delta >= static_cast<unsigned>(width) - place ? value
                                                       : emulation::given<T>(met, lane + delta);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32) {
  const auto* met = emulation::meet(emulation::Together::shuffle, mask, value);
  const unsigned lane = emulation::lane(), other = lane ^ static_cast<unsigned>(lanes);
  return other > (lane | (static_cast<unsigned>(width) - 1)) ? value
                                                             : emulation::given<T>(met, other);
}

inline unsigned __ballot_sync(unsigned mask, int predicate) {
  const auto* met = emulation::meet(emulation::Together::vote, mask, predicate);
  unsigned votes = 0;
  for (unsigned lane = 0; lane < 32; ++lane)
    if ((met->present >> lane & 1) != 0 && emulation::given<int>(met, lane) != 0)
      votes |= 1u << lane;
  return votes;
}
inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
inline int __all_sync(unsigned mask, int predicate) {
  return __ballot_sync(mask, predicate == 0) == 0;
}
template <class T>
unsigned __match_any_sync(unsigned mask, T value) {
  const auto* met = emulation::meet(emulation::Together::vote, mask, value);
  unsigned equal = 0;
  for (unsigned lane = 0; lane < 32; ++lane)
    if ((met->present >> lane & 1) != 0 && emulation::given<T>(met, lane) == value)
      equal |= 1u << lane;
  return equal;
}

#define EMULATED_REDUCE(name, type, combine)                                      \
  inline type name(unsigned mask, type value) {                                   \
    const auto* met = emulation::meet(emulation::Together::shuffle, mask, value); \
    bool first = true;                                                            \
    type all = value;                                                             \
    for (unsigned lane = 0; lane < 32; ++lane) {                                  \
      if ((met->present >> lane & 1) == 0) continue;                              \
      const type other = emulation::given<type>(met, lane);                       \
      all = first ? other : (combine);                                            \
      first = false;                                                              \
    }                                                                             \
    return all;                                                                   \
  }
EMULATED_REDUCE(__reduce_add_sync, unsigned, all + other)
EMULATED_REDUCE(__reduce_add_sync, int, all + other)
EMULATED_REDUCE(__reduce_max_sync, unsigned, all < other ? other : all)
EMULATED_REDUCE(__reduce_max_sync, int, all < other ? other : all)
EMULATED_REDUCE(__reduce_min_sync, unsigned, other < all ? other : all)
EMULATED_REDUCE(__reduce_min_sync, int, other < all ? other : all)
#undef EMULATED_REDUCE
