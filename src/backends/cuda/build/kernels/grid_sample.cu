// Where images are sampled. Places are computed in double: an error of theirs would show in every
// weight.

// What is beyond [low, high] as seen in mirrors at both ends.
__device__ __forceinline__ double sample_reflect(double x, double low, double high) {
  const double range = high - low;
  if (!(range > 0)) return low;
  const double distance = fabs(x - low);
  const double rest = fmod(distance, range);
  return fmod(floor(distance / range), 2.0) == 0 ? low + rest : high - rest;
}

__device__ __forceinline__ double sample_cubic(double x) {
  const double a = -0.75;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

// BORDER: 0 zeros, 1 the border, 2 reflection. An element's index, -1 outside of the image.
template <int BORDER, bool ALIGN>
__device__ __forceinline__ int64 sample_index(double element, int64 size) {
  const double last = static_cast<double>(size - 1);
  if (BORDER == 0 && (element < 0 || element > last)) return -1;
  if (BORDER == 2)
    element = trunc(sample_reflect(element, ALIGN ? 0.0 : -0.5, ALIGN ? last : last + 0.5));
  return static_cast<int64>(element < 0 ? 0.0 : (element > last ? last : element));
}

// The taps of a normalised place along a dimension of `size` elements, of which there has to be
// one. MODE: 0 nearest, one tap; 1 linear, two; 2 cubic, four.
template <int MODE, int BORDER, bool ALIGN, int TAPS, class Weight>
__device__ __forceinline__ void sample_taps(double x, int64 size, int64 (&indices)[TAPS],
                                            Weight (&weights)[TAPS]) {
  const double count = static_cast<double>(size);
  const double low = ALIGN ? 0.0 : -0.5, high = ALIGN ? count - 1 : count - 0.5;
  const double far = 1073741824.0;  // any place that is outside does as well
  double place = ALIGN ? (x + 1) / 2 * (count - 1) : ((x + 1) * count - 1) / 2;
  place = place != place || place < -far ? -far : (place > far ? far : place);
  if (MODE == 0) place = rint(place);
  if (MODE != 2 && (place < low || place > high)) {
    if (BORDER == 1) place = place < 0 ? 0 : (place > count - 1 ? count - 1 : place);
    if (BORDER == 2) place = sample_reflect(place, low, high);
  }
  if constexpr (MODE == 0) {
    indices[0] = sample_index<BORDER, ALIGN>(trunc(place), size);
    weights[0] = 1;
  } else {
    const double first = floor(place), ratio = place - first;
#pragma unroll
    for (int t = 0; t < TAPS; ++t)
      indices[t] = sample_index<BORDER, ALIGN>(first + t - (TAPS / 2 - 1), size);
    if constexpr (MODE == 1) {
      weights[0] = static_cast<Weight>(1 - ratio);
      weights[1] = static_cast<Weight>(ratio);
    } else {
      weights[0] = static_cast<Weight>(sample_cubic(ratio + 1));
      weights[1] = static_cast<Weight>(sample_cubic(ratio));
      weights[2] = static_cast<Weight>(sample_cubic(1 - ratio));
      weights[3] = static_cast<Weight>(sample_cubic(2 - ratio));
    }
  }
}

// Element i of `size` as a place between -1 and 1.
template <bool CORNERS>
__device__ __forceinline__ double affine_place(int64 i, int64 size) {
  const double x = static_cast<double>(i), n = static_cast<double>(size);
  if (CORNERS) return size > 1 ? 2 * x / (n - 1) - 1 : -1.0;
  return (2 * x + 1) / n - 1;
}

// Where a region begins along one dimension, how long its cells are and how many points each has.
// One that can't be sampled is told, and has none. Fault: fault_t of fault.cu.
struct RegionGrid {
  double start, step;
  int points;
};

template <class Fault>
__device__ __forceinline__ RegionGrid region_grid(double first, double last, double scale,
                                                  double shift, bool at_least_one, int64 cells,
                                                  int64 ratio, Fault* fault) {
  RegionGrid grid;
  grid.start = first * scale - shift;
  double length = last * scale - shift - grid.start;
  if (at_least_one && length < 1) length = 1;
  grid.step = length / static_cast<double>(cells);
  double points = ratio > 0 ? static_cast<double>(ratio) : ceil(grid.step);
  if (!(fabs(grid.start) < 1e300) || !(points <= 1024)) {
    tell_fault(fault, Fault::region, 0, 0);
    points = grid.start = grid.step = 0;
  }
  grid.points = points > 0 ? static_cast<int>(points) : 0;
  return grid;
}

__device__ __forceinline__ double region_point(const RegionGrid& grid, int64 cell, int point) {
  return grid.start + static_cast<double>(cell) * grid.step +
         (static_cast<double>(point) + 0.5) * grid.step / static_cast<double>(grid.points);
}

// A cell of a region of the plane at `x`, whose elements are `row` and `column` apart: the mean of
// its samples, or the largest weighted corner. Sums in V.
template <class V, bool AVERAGE, class T>
__device__ __forceinline__ V region_cell(const T* x, int64 row, int64 column, int64 height,
                                         int64 width, RegionGrid rows, RegionGrid columns,
                                         int64 cell_y, int64 cell_x) {
  if (rows.points == 0 || columns.points == 0) return V(0);
  V sum = 0;
  bool first = true;
  for (int i = 0; i < rows.points; ++i)
    for (int j = 0; j < columns.points; ++j) {
      double py = region_point(rows, cell_y, i), px = region_point(columns, cell_x, j);
      const bool inside = py >= -1 && py <= static_cast<double>(height) && px >= -1 &&
                          px <= static_cast<double>(width);
      V parts[4] = {};
      if (inside) {
        py = py < 0 ? 0 : (py > height - 1 ? static_cast<double>(height - 1) : py);
        px = px < 0 ? 0 : (px > width - 1 ? static_cast<double>(width - 1) : px);
        const int64 top = static_cast<int64>(py), left = static_cast<int64>(px);
        const int64 bottom = top + 1 < height ? top + 1 : top;
        const int64 right = left + 1 < width ? left + 1 : left;
        const V dy = static_cast<V>(py - top), dx = static_cast<V>(px - left);
        const V weights[4] = {(1 - dy) * (1 - dx), (1 - dy) * dx, dy * (1 - dx), dy * dx};
        const int64 places[4] = {top * row + left * column, top * row + right * column,
                                 bottom * row + left * column, bottom * row + right * column};
#pragma unroll
        for (int k = 0; k < 4; ++k)
          parts[k] = weights[k] == 0 ? V(0) : weights[k] * to_compute(x[places[k]]);
      }
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        if (AVERAGE)
          sum += parts[k];
        else
          sum = first || sum < parts[k] ? parts[k] : sum;
        first = false;
      }
    }
  return AVERAGE ? sum / static_cast<V>(static_cast<int64>(rows.points) * columns.points) : sum;
}
