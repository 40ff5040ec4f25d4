// Updates that meet in one slot, chained up: `last[slot]` is the update that was linked last,
// counted from 1, `before[n]` the one that was linked before update n (0: none), `count[slot]` how
// many there are. Links come in any order; what is computed from them does not depend on it.
template <class Index, class Number>
__device__ __forceinline__ void link_update(Index n, Index slot, Number* last, Number* count,
                                            Number* before) {
  before[n] = atomicExch(last + slot, static_cast<Number>(n + 1));
  atomicAdd(count + slot, static_cast<Number>(1));
}

// The update with the highest number in the chain that begins at update `first`.
template <class Index, class Number>
__device__ __forceinline__ Index highest_update(Index first, const Number* before, Number count) {
  Index highest = first;
  Index n = first;
  for (Number k = 1; k < count; ++k) {
    n = static_cast<Index>(before[n]) - 1;
    highest = n > highest ? n : highest;
  }
  return highest;
}

// Calls merge(n) for every update n of the chain that begins at update `first`, in ascending order.
// A short chain is searched for the next number each time; a long one is found again among all
// `updates`, of which slot_of(n) gives the slot.
template <class Index, class Number, class SlotOf, class Merge>
__device__ __forceinline__ void for_updates_in_order(Index first, Number count,
                                                     const Number* before, Index updates,
                                                     SlotOf slot_of, Merge merge) {
  if (count == 1) return merge(first);
  if (static_cast<uint64>(count) * count > static_cast<uint64>(updates)) {
    const Index slot = slot_of(first);
    for (Index n = 0; n < updates && count > 0; ++n) {
      if (slot_of(n) != slot) continue;
      merge(n);
      --count;
    }
    return;
  }
  Index done = -1;
  for (Number k = 0; k < count; ++k) {
    Index next = updates, n = first;
    for (Number step = 0; step < count; ++step) {
      if (n > done && n < next) next = n;
      n = static_cast<Index>(before[n]) - 1;
    }
    merge(next);
    done = next;
  }
}

// Integers wrap.
template <class T>
__device__ __forceinline__ T merge_add(T a, T b) {
  return static_cast<T>(static_cast<uint64>(a) + static_cast<uint64>(b));
}
__device__ __forceinline__ float merge_add(float a, float b) { return a + b; }
__device__ __forceinline__ double merge_add(double a, double b) { return a + b; }
template <class T>
__device__ __forceinline__ T merge_mul(T a, T b) {
  return static_cast<T>(static_cast<uint64>(a) * static_cast<uint64>(b));
}
__device__ __forceinline__ float merge_mul(float a, float b) { return a * b; }
__device__ __forceinline__ double merge_mul(double a, double b) { return a * b; }
// NaN stays, and takes the place of a number.
template <class T>
__device__ __forceinline__ T merge_max(T a, T b) {
  return a == a && (b != b || a < b) ? b : a;
}
template <class T>
__device__ __forceinline__ T merge_min(T a, T b) {
  return a == a && (b != b || b < a) ? b : a;
}
