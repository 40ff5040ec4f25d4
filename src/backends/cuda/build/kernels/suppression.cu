// NonMaxSuppression: a block has the boxes of a batch with their scores in a class. Of those left
// the best is kept, and those that overlap it go, until none is left. Of equal scores the lower box
// is better. Areas are float64, in which the reference decides too.

struct Corners {
  double top, left, bottom, right;
  __device__ __forceinline__ double area() const { return (bottom - top) * (right - left); }
};

// CENTER: centre x, centre y, width, height; else y and x of two corners.
template <bool CENTER, class T>
__device__ __forceinline__ Corners corners_of(const T* box) {
  const double a = to_compute(box[0]), b = to_compute(box[1]), c = to_compute(box[2]),
               d = to_compute(box[3]);
  if (CENTER) return {b - d / 2, a - c / 2, b + d / 2, a + c / 2};
  return {a < c ? a : c, b < d ? b : d, a < c ? c : a, b < d ? d : b};
}

__device__ __forceinline__ bool overlap(const Corners& a, const Corners& b, double threshold) {
  const double height =
      (a.bottom < b.bottom ? a.bottom : b.bottom) - (a.top > b.top ? a.top : b.top);
  const double width =
      (a.right < b.right ? a.right : b.right) - (a.left > b.left ? a.left : b.left);
  if (!(height > 0 && width > 0 && a.area() > 0 && b.area() > 0)) return false;
  const double common = height * width;
  return common / (a.area() + b.area() - common) > threshold;
}

// Larger for the better box, never 0.
__device__ __forceinline__ uint64 rank_of(float score, int box) {
  const unsigned bits = __float_as_uint(score + 0.0f);  // one zero
  const unsigned ordered = (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
  return static_cast<uint64>(ordered) << 32 | (0xffffffffu - static_cast<unsigned>(box));
}

// `left` holds `count` numbers. Writes the boxes that are kept, at most `most`, best first, and
// returns how many there are. has_score(box) says whether a box takes part.
template <int THREADS, bool CENTER, class T, class S, class HasScore>
__device__ __forceinline__ int suppress(const T* boxes, const S* scores, int count, int most,
                                        double threshold, const HasScore& has_score, int* left,
                                        int* kept, int64* scratch) {
  int candidates = 0;
  for (int first = 0; first < count; first += THREADS) {
    const int box = first + static_cast<int>(threadIdx.x);
    const bool mark = box < count && has_score(box);
    int found;
    const int before = marks_before<THREADS>(mark, scratch, found);
    if (mark) left[candidates + before] = box;
    candidates += found;
  }
  __syncthreads();
  int found = 0, last = -1;
  Corners corners{};
  while (found < most) {
    uint64 best = 0;
    // A thread alone reads and writes its candidates.
    for (int i = static_cast<int>(threadIdx.x); i < candidates; i += THREADS) {
      const int box = left[i];
      if (box < 0) continue;
      if (last >= 0 &&
          (box == last ||
           overlap(corners_of<CENTER>(boxes + 4 * static_cast<int64>(box)), corners, threshold))) {
        left[i] = -1;
        continue;
      }
      const uint64 rank = rank_of(to_compute(scores[box]), box);
      if (rank > best) best = rank;
    }
    best = block_reduce<THREADS>(best, reinterpret_cast<uint64*>(scratch),
                                 [](uint64 a, uint64 b) { return a > b ? a : b; });
    if (best == 0) break;
    last = static_cast<int>(0xffffffffu - static_cast<unsigned>(best));
    corners = corners_of<CENTER>(boxes + 4 * static_cast<int64>(last));
    if (threadIdx.x == 0) kept[found] = last;
    ++found;
  }
  return found;
}
