// Convolutions whose taps are moved by offsets and weighed by a mask, in two steps: the values that
// the taps read, then the product with the weights.
//
// All operands are row-major; the result is no operand's memory; bias and mask may be null. C is
// the compute type. With P the results of a plane and K the taps of the window:
//   values[n, c, k, o] = mask[n, group(c), k, o] * x[n, c, o * stride + k * dilation - padding +
//                        offset[n, group(c), k, :, o]], interpolated linearly, 0 outside
//   y[n, m, o] = finish(bias[m] + sum over c, k of w[m, c, k] * values[n, group(m) + c, k, o])

// Adds an axis to a corner of the cell around a place.
template <class C, class I>
__device__ __forceinline__ void add_axis(C place, I size, int upper, I& offset, C& weight) {
  const bool inside = place > C(-1) && place < static_cast<C>(size);
  const C low = inside ? floor(place) : C(0);
  const I at = static_cast<I>(low) + upper;
  const C part = upper != 0 ? place - low : C(1) - (place - low);
  const bool counts = inside && at >= 0 && at < size && part != 0;
  offset = offset * size + (counts ? at : 0);
  weight = counts ? weight * part : C(0);
}

// Axes from 3 - spatial on are there. `regular`: the places without offsets; `offsets` are `step`
// elements apart.
template <class S, class T, class C, class I>
__device__ __forceinline__ C moved_value(const S& sizes, const T* __restrict__ plane,
                                         const I (&regular)[3], const T* __restrict__ offsets,
                                         I step) {
  C place[3] = {};
#pragma unroll
  for (int d = 3 - S::spatial; d < 3; ++d)
    place[d] = static_cast<C>(regular[d]) + to_compute(offsets[(d - 3 + S::spatial) * step]);
  C sum = 0;
#pragma unroll
  for (int corner = 0; corner < 1 << S::spatial; ++corner) {
    I at = 0;
    C weight = 1;
    add_axis<C, I>(place[0], sizes.input_0, corner >> 2, at, weight);
    add_axis<C, I>(place[1], sizes.input_1, corner >> 1 & 1, at, weight);
    add_axis<C, I>(place[2], sizes.input_2, corner & 1, at, weight);
    if (weight != 0) sum += weight * to_compute(plane[at]);
  }
  return sum;
}

// A thread computes a value after another.
template <class S, class T, class C>
__device__ __forceinline__ void deformable_values(const S& sizes, const T* __restrict__ x,
                                                  const T* __restrict__ offset,
                                                  const T* __restrict__ mask,
                                                  C* __restrict__ values) {
  using I = typename S::index_t;
  const I o1 = sizes.output_1, o2 = sizes.output_2, places = o1 * o2 * sizes.output_0;
  const I k1 = sizes.window_1, k2 = sizes.window_2, taps = k1 * k2 * sizes.window_0;
  const I channels = static_cast<I>(sizes.channels) * static_cast<I>(sizes.groups);
  const I plane = static_cast<I>(sizes.input_0) * sizes.input_1 * sizes.input_2;
  const I of_group = channels / S::offset_groups;
  const int64 total = static_cast<int64>(sizes.batch) * channels * taps * places;
  for (int64 i = blockIdx.x * static_cast<int64>(blockDim.x) + threadIdx.x; i < total;
       i += gridDim.x * static_cast<int64>(blockDim.x)) {
    const I o = static_cast<I>(i % places);
    const I k = static_cast<I>(i / places % taps);
    const I c = static_cast<I>(i / places / taps % channels);
    const I n = static_cast<I>(i / places / taps / channels);
    const I regular[3] = {
        o / (o1 * o2) * sizes.stride_0 + k / (k1 * k2) * sizes.dilation_0 -
            static_cast<I>(sizes.padding_0),
        o / o2 % o1 * sizes.stride_1 + k / k2 % k1 * sizes.dilation_1 -
            static_cast<I>(sizes.padding_1),
        o % o2 * sizes.stride_2 + k % k2 * sizes.dilation_2 - static_cast<I>(sizes.padding_2)};
    const I row = (n * S::offset_groups + c / of_group) * taps + k;
    C value = moved_value<S, T, C, I>(sizes, x + (n * channels + c) * plane, regular,
                                      offset + row * S::spatial * places + o, places);
    if (mask != nullptr) value *= to_compute(mask[row * places + o]);
    values[i] = value;
  }
}

// A thread computes eight filters of a place, those beside it other places.
template <class S, class T, class Y, class C, class Finish>
__device__ __forceinline__ void deformable_product(const S& sizes, const C* __restrict__ values,
                                                   const T* __restrict__ w,
                                                   const T* __restrict__ bias, Y* __restrict__ y,
                                                   const Finish& finish) {
  using I = typename S::index_t;
  constexpr int part = 8;
  const I o1 = sizes.output_1, o2 = sizes.output_2, places = o1 * o2 * sizes.output_0;
  const I filters = sizes.filters, parts = (filters + part - 1) / part, groups = sizes.groups;
  const I depth = static_cast<I>(sizes.channels) * sizes.window_0 * sizes.window_1 * sizes.window_2;
  const int64 total = static_cast<int64>(sizes.batch) * groups * parts * places;
  for (int64 i = blockIdx.x * static_cast<int64>(blockDim.x) + threadIdx.x; i < total;
       i += gridDim.x * static_cast<int64>(blockDim.x)) {
    const I o = static_cast<I>(i % places);
    const I m = static_cast<I>(i / places % parts) * part;
    const I g = static_cast<I>(i / places / parts % groups);
    const I n = static_cast<I>(i / places / parts / groups);
    const C* const column = values + static_cast<int64>(n * groups + g) * depth * places + o;
    const T* const rows = w + (g * filters + m) * depth;
    C sums[part] = {};
    for (I k = 0; k < depth; ++k) {
      const C value = column[static_cast<int64>(k) * places];
#pragma unroll
      for (int j = 0; j < part; ++j)
        sums[j] += value * to_compute(rows[(m + j < filters ? j : 0) * depth + k]);
    }
#pragma unroll
    for (int j = 0; j < part; ++j) {
      if (m + j >= filters) continue;
      const I filter = g * filters + m + j;
      const C sum = sums[j] + (bias != nullptr ? to_compute(bias[filter]) : C(0));
      y[(n * groups * filters + filter) * places + o] =
          finish(sum, n, filter, o / (o1 * o2), o / o2 % o1, o % o2);
    }
  }
}
