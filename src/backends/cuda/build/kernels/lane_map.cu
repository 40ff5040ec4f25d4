// Elements of lanes changed by what their lane folds to: softmax, normalisations. An operation is a
// struct of
//   T                       the compute type
//   HAS_FIRST, First        whether there is a first fold, of the elements
//   prepare(first, length)  what transform() is given
//   transform(x, prepared)  of each element; Second folds these
//   Second
//   finish(second, length)  the factor that apply() is given
//   apply(x, factor, r)     of transformed element r
// Results go to result(lane, r, at, values): a pack of elements, the first of which is number r of
// its lane and lies `at` elements from the start of memory.

template <class T, int N>
struct Values {
  static constexpr int size = N;
  T items[N];
};

// N elements side by side from an address that is a multiple of their size, or of 16 bytes.
template <int N, class T>
__device__ __forceinline__ Values<T, N> load_values(const T* from) {
  constexpr int most = 16 / static_cast<int>(sizeof(T)), piece = N < most ? N : most;
  Values<T, N> result;
#pragma unroll
  for (int i = 0; i < N / piece; ++i) {
    const Pack<T, piece> x = *reinterpret_cast<const Pack<T, piece>*>(from + i * piece);
#pragma unroll
    for (int j = 0; j < piece; ++j) result.items[i * piece + j] = x.items[j];
  }
  return result;
}

template <class T, int N>
__device__ __forceinline__ void store_values(T* to, const Values<T, N>& values) {
  constexpr int most = 16 / static_cast<int>(sizeof(T)), piece = N < most ? N : most;
#pragma unroll
  for (int i = 0; i < N / piece; ++i) {
    Pack<T, piece> x;
#pragma unroll
    for (int j = 0; j < piece; ++j) x.items[j] = values.items[i * piece + j];
    *reinterpret_cast<Pack<T, piece>*>(to + i * piece) = x;
  }
}

template <class Operation, int PACK, class T>
__device__ __forceinline__ Values<typename Operation::T, PACK> load_computed(const T* from) {
  const Values<T, PACK> x = load_values<PACK>(from);
  Values<typename Operation::T, PACK> result;
#pragma unroll
  for (int j = 0; j < PACK; ++j)
    result.items[j] = static_cast<typename Operation::T>(to_compute(x.items[j]));
  return result;
}

// One lane by GROUP threads, whose elements stay in registers: up to GROUP * PER packs.
template <class Operation, int GROUP, int PER, int PACK, class T, class Index, class Element,
          class Result>
__device__ __forceinline__ void map_lane_in_registers(const T* from, Index length, Index base,
                                                      Index lane, int place, unsigned char* scratch,
                                                      Element element_offset, Result result) {
  using C = typename Operation::T;
  using First = typename Operation::First;
  using Second = typename Operation::Second;
  Values<C, PACK> x[PER];
#pragma unroll
  for (int k = 0; k < PER; ++k) {
    const Index r = static_cast<Index>(k * GROUP + place) * PACK;
    if (r < length) x[k] = load_computed<Operation, PACK>(from + base + element_offset(r));
  }
  if constexpr (Operation::HAS_FIRST) {
    typename First::value_t value = First::start();
#pragma unroll
    for (int k = 0; k < PER; ++k) {
      const Index r = static_cast<Index>(k * GROUP + place) * PACK;
      if (r < length)
#pragma unroll
        for (int j = 0; j < PACK; ++j) value = First::join(value, First::map(x[k].items[j], r + j));
    }
    value = join_group<First, GROUP>(value, reinterpret_cast<typename First::value_t*>(scratch));
    const auto prepared = Operation::prepare(value, static_cast<C>(length));
#pragma unroll
    for (int k = 0; k < PER; ++k)
#pragma unroll
      for (int j = 0; j < PACK; ++j) x[k].items[j] = Operation::transform(x[k].items[j], prepared);
  }
  typename Second::value_t value = Second::start();
#pragma unroll
  for (int k = 0; k < PER; ++k) {
    const Index r = static_cast<Index>(k * GROUP + place) * PACK;
    if (r < length)
#pragma unroll
      for (int j = 0; j < PACK; ++j) value = Second::join(value, Second::map(x[k].items[j], r + j));
  }
  value = join_group<Second, GROUP>(value, reinterpret_cast<typename Second::value_t*>(scratch));
  const auto factor = Operation::finish(value, static_cast<C>(length));
#pragma unroll
  for (int k = 0; k < PER; ++k) {
    const Index r = static_cast<Index>(k * GROUP + place) * PACK;
    if (r >= length) continue;
#pragma unroll
    for (int j = 0; j < PACK; ++j) x[k].items[j] = Operation::apply(x[k].items[j], factor, r + j);
    result(lane, r, base + element_offset(r), x[k]);
  }
}

// Joins the values of the elements of a pack, each of which is a thread's own chain.
template <class Fold, int PACK>
__device__ __forceinline__ typename Fold::value_t join_pack(typename Fold::value_t (&parts)[PACK]) {
#pragma unroll
  for (int j = PACK / 2; j > 0; j /= 2)
#pragma unroll
    for (int i = 0; i < j; ++i) parts[i] = Fold::join(parts[i], parts[i + j]);
  return parts[0];
}

// One lane of any length by GROUP threads, which read it again for each fold.
template <class Operation, int GROUP, int PACK, class T, class Index, class Element, class Result>
__device__ __forceinline__ void map_lane_in_passes(const T* from, Index length, Index base,
                                                   Index lane, int place, unsigned char* scratch,
                                                   Element element_offset, Result result) {
  using C = typename Operation::T;
  using First = typename Operation::First;
  using Second = typename Operation::Second;
  C prepared = C(0);
  if constexpr (Operation::HAS_FIRST) {
    typename First::value_t parts[PACK];
#pragma unroll
    for (int j = 0; j < PACK; ++j) parts[j] = First::start();
#pragma unroll 4
    for (Index r = static_cast<Index>(place) * PACK; r < length; r += GROUP * PACK) {
      const auto x = load_computed<Operation, PACK>(from + base + element_offset(r));
#pragma unroll
      for (int j = 0; j < PACK; ++j)
        parts[j] = First::join(parts[j], First::map(x.items[j], r + j));
    }
    const auto value = join_group<First, GROUP>(
        join_pack<First, PACK>(parts), reinterpret_cast<typename First::value_t*>(scratch));
    prepared = Operation::prepare(value, static_cast<C>(length));
  }
  typename Second::value_t parts[PACK];
#pragma unroll
  for (int j = 0; j < PACK; ++j) parts[j] = Second::start();
#pragma unroll 4
  for (Index r = static_cast<Index>(place) * PACK; r < length; r += GROUP * PACK) {
    const auto x = load_computed<Operation, PACK>(from + base + element_offset(r));
#pragma unroll
    for (int j = 0; j < PACK; ++j)
      parts[j] =
          Second::join(parts[j], Second::map(Operation::transform(x.items[j], prepared), r + j));
  }
  const auto value = join_group<Second, GROUP>(
      join_pack<Second, PACK>(parts), reinterpret_cast<typename Second::value_t*>(scratch));
  const auto factor = Operation::finish(value, static_cast<C>(length));
  for (Index r = static_cast<Index>(place) * PACK; r < length; r += GROUP * PACK) {
    const Index at = base + element_offset(r);
    auto x = load_computed<Operation, PACK>(from + at);
#pragma unroll
    for (int j = 0; j < PACK; ++j)
      x.items[j] = Operation::apply(Operation::transform(x.items[j], prepared), factor, r + j);
    result(lane, r, at, x);
  }
}

// A group of GROUP threads for each lane. Packs lie side by side and don't leave their lane. Lanes
// of more than GROUP * PER packs are read several times. The result may be the input's memory.
template <class Operation, int THREADS, int GROUP, int PER, int PACK, class T, class Index,
          class Lane, class Element, class Result>
__device__ __forceinline__ void map_lanes(const T* from, Index count, Index length,
                                          unsigned char* scratch, Lane lane_offset,
                                          Element element_offset, Result result) {
  constexpr int groups = THREADS / GROUP;
  const int place = static_cast<int>(threadIdx.x) % GROUP;
  for (Index first = static_cast<Index>(blockIdx.x) * groups; first < count;
       first += static_cast<Index>(gridDim.x) * groups) {
    const Index lane = first + static_cast<Index>(threadIdx.x) / GROUP;
    // Groups behind the last lane take part in the joining.
    const Index size = lane < count ? length : 0;
    const Index base = lane < count ? lane_offset(lane) : 0;
    if (length <= static_cast<Index>(GROUP * PER * PACK))
      map_lane_in_registers<Operation, GROUP, PER, PACK>(from, size, base, lane, place, scratch,
                                                         element_offset, result);
    else
      map_lane_in_passes<Operation, GROUP, PACK>(from, size, base, lane, place, scratch,
                                                 element_offset, result);
  }
}

// The values of all threads of a column joined; `scratch` holds rows * WIDTH * PACK of them.
template <class Fold, int ROWS, int WIDTH, int PACK>
__device__ __forceinline__ void join_columns(typename Fold::value_t (&parts)[PACK],
                                             typename Fold::value_t* scratch) {
  if constexpr (ROWS == 1) return;
  const int x = static_cast<int>(threadIdx.x) % WIDTH, y = static_cast<int>(threadIdx.x) / WIDTH;
  __syncthreads();
#pragma unroll
  for (int j = 0; j < PACK; ++j) scratch[(y * PACK + j) * WIDTH + x] = parts[j];
  __syncthreads();
#pragma unroll
  for (int j = 0; j < PACK; ++j) {
    parts[j] = scratch[j * WIDTH + x];
    for (int k = 1; k < ROWS; ++k)
      parts[j] = Fold::join(parts[j], scratch[(k * PACK + j) * WIDTH + x]);
  }
}

// Columns: element r of the lane (o, i) lies at (o * length + r) * inner + i. WIDTH threads lie
// side by side along `inner`, each with a pack, which inner is a multiple of.
template <class Operation, int THREADS, int WIDTH, int PACK, class T, class Index, class Result>
__device__ __forceinline__ void map_columns(const T* from, Index outer, Index length, Index inner,
                                            unsigned char* scratch, Result result) {
  using C = typename Operation::T;
  using First = typename Operation::First;
  using Second = typename Operation::Second;
  constexpr int rows = THREADS / WIDTH;
  const int x = static_cast<int>(threadIdx.x) % WIDTH, y = static_cast<int>(threadIdx.x) / WIDTH;
  const Index across = (inner + WIDTH * PACK - 1) / (WIDTH * PACK);
  for (Index tile = blockIdx.x; tile < outer * across; tile += gridDim.x) {
    const Index o = tile / across, i = (tile % across * WIDTH + x) * PACK;
    const Index base = o * length * inner + i;
    const Index end = i < inner ? length : 0;
    C prepared[PACK] = {};
    if constexpr (Operation::HAS_FIRST) {
      typename First::value_t parts[PACK];
#pragma unroll
      for (int j = 0; j < PACK; ++j) parts[j] = First::start();
#pragma unroll 4
      for (Index r = y; r < end; r += rows) {
        const auto values = load_computed<Operation, PACK>(from + base + r * inner);
#pragma unroll
        for (int j = 0; j < PACK; ++j)
          parts[j] = First::join(parts[j], First::map(values.items[j], r));
      }
      join_columns<First, rows, WIDTH>(parts, reinterpret_cast<typename First::value_t*>(scratch));
#pragma unroll
      for (int j = 0; j < PACK; ++j)
        prepared[j] = Operation::prepare(parts[j], static_cast<C>(length));
    }
    typename Second::value_t parts[PACK];
#pragma unroll
    for (int j = 0; j < PACK; ++j) parts[j] = Second::start();
#pragma unroll 4
    for (Index r = y; r < end; r += rows) {
      const auto values = load_computed<Operation, PACK>(from + base + r * inner);
#pragma unroll
      for (int j = 0; j < PACK; ++j)
        parts[j] = Second::join(parts[j],
                                Second::map(Operation::transform(values.items[j], prepared[j]), r));
    }
    join_columns<Second, rows, WIDTH>(parts, reinterpret_cast<typename Second::value_t*>(scratch));
    for (Index r = y; r < end; r += rows) {
      auto values = load_computed<Operation, PACK>(from + base + r * inner);
#pragma unroll
      for (int j = 0; j < PACK; ++j)
        values.items[j] = Operation::apply(Operation::transform(values.items[j], prepared[j]),
                                           Operation::finish(parts[j], static_cast<C>(length)), r);
      result((o * inner + i), r, base + r * inner, values);
    }
  }
}
