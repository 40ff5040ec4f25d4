// RNN, GRU and LSTM: a product for what all inputs give to the gates, then walks along sequences.
//
// Sizes S: length, batch, features, hidden, gates (stacked in the weights), directions, and strides
// x_t, x_b of the input, y_t, y_d, y_b of the hidden states, s_d, s_b of a state, in elements; the
// innermost dimension of all lies side by side. C is the compute type, in which sums and states are
// kept. No result is an operand's memory; absent operands and results are null.

template <class C>
__device__ __forceinline__ C activation_exp(C x) {
  if constexpr (sizeof(C) == 8)
    return exp(x);
  else
    return expf(x);
}
template <class C>
__device__ __forceinline__ C activation_tanh(C x) {
  if constexpr (sizeof(C) == 8)
    return tanh(x);
  else
    return tanhf(x);
}
template <class C>
__device__ __forceinline__ C activation_expm1(C x) {
  if constexpr (sizeof(C) == 8)
    return expm1(x);
  else
    return expm1f(x);
}
template <class C>
__device__ __forceinline__ C activation_sigmoid(C x) {
  return C(1) / (C(1) + activation_exp(-x));
}
template <class C>
__device__ __forceinline__ C activation_clamp(C x, C low, C high) {
  return x < low ? low : (high < x ? high : x);
}
template <class C>
__device__ __forceinline__ C activation_abs(C x) {
  return x < 0 ? -x : x;
}

// from_input[d][row][gate] = sum over f of x[row, f] * w[d, gate, f] + bias[d, gate] +
// bias[d, gates + gate], the last, of the recurrent part, only for gates up to
// `with_recurrent_bias`. Rows are those of x as it lies, length * batch of them. A block of 256
// threads computes 64 rows by 64 gates of the direction blockIdx.z, 16 features at a time.
template <class S, class T, class C>
__device__ __forceinline__ void recurrent_projection(const S& sizes, const T* __restrict__ x,
                                                     const T* __restrict__ w,
                                                     const T* __restrict__ bias,
                                                     C* __restrict__ from_input) {
  constexpr int tile = 64, deep = 16, part = 4, columns = S::gates * S::hidden;
  __shared__ C rows_of_x[deep][tile + 1];
  __shared__ C rows_of_w[deep][tile + 1];
  const int64 rows = static_cast<int64>(sizes.length) * sizes.batch, features = sizes.features;
  const int64 first_row = static_cast<int64>(blockIdx.x) * tile;
  const int first_column = static_cast<int>(blockIdx.y) * tile, direction = blockIdx.z;
  const int thread = threadIdx.x, row = thread / 16 * part, column = thread % 16 * part;
  w += direction * columns * features;
  C sums[part][part] = {};
  for (int64 first = 0; first < features; first += deep) {
    for (int i = thread; i < tile * deep; i += 256) {
      const int f = i % deep, at = i / deep;
      const bool inside = first + f < features;
      rows_of_x[f][at] = inside && first_row + at < rows
                             ? to_compute(x[(first_row + at) * features + first + f])
                             : C(0);
      rows_of_w[f][at] = inside && first_column + at < columns
                             ? to_compute(w[(first_column + at) * features + first + f])
                             : C(0);
    }
    __syncthreads();
#pragma unroll
    for (int f = 0; f < deep; ++f) {
      C a[part], b[part];
#pragma unroll
      for (int i = 0; i < part; ++i) a[i] = rows_of_x[f][row + i], b[i] = rows_of_w[f][column + i];
#pragma unroll
      for (int i = 0; i < part; ++i)
#pragma unroll
        for (int j = 0; j < part; ++j) sums[i][j] += a[i] * b[j];
    }
    __syncthreads();
  }
#pragma unroll
  for (int j = 0; j < part; ++j) {
    const int gate = first_column + column + j;
    if (gate >= columns) continue;
    C start = 0;
    if (bias != nullptr) {
      start = to_compute(bias[direction * 2 * columns + gate]);
      if (gate < S::with_recurrent_bias)
        start += to_compute(bias[(direction * 2 + 1) * columns + gate]);
    }
#pragma unroll
    for (int i = 0; i < part; ++i)
      if (first_row + row + i < rows)
        from_input[(direction * rows + first_row + row + i) * columns + gate] = sums[i][j] + start;
  }
}

// partial[part][item][gate] = sum over the part's k of state[item][k] * r[k, gate] for the gates
// from FIRST up to END, of all items of the block. r has the strides r_k and r_n.
template <class S, int FIRST, int END, class T, class C>
__device__ __forceinline__ void multiply_state(const T* __restrict__ r, const C* state,
                                               C* partial) {
  constexpr int V = S::vector, H = S::hidden, columns = S::gates * H;
  constexpr int depth = (H + S::parts - 1) / S::parts;
  const int lane = static_cast<int>(threadIdx.x) % S::column_threads;
  const int part = static_cast<int>(threadIdx.x) / S::column_threads;
  if (part >= S::parts) return;
  const int begin = part * depth, end = begin + depth < H ? begin + depth : H;
  for (int n = FIRST + lane * V; n < END; n += S::column_threads * V) {
    C sums[S::items][V] = {};
#pragma unroll 8
    for (int k = begin; k < end; ++k) {
      const Pack<T, V> factors = *reinterpret_cast<const Pack<T, V>*>(
          r + static_cast<int64>(k) * S::r_k + static_cast<int64>(n) * S::r_n);
#pragma unroll
      for (int item = 0; item < S::items; ++item)
#pragma unroll
        for (int v = 0; v < V; ++v)
          sums[item][v] += state[item * H + k] * to_compute(factors.items[v]);
    }
#pragma unroll
    for (int item = 0; item < S::items; ++item)
#pragma unroll
      for (int v = 0; v < V; ++v)
        partial[(part * S::items + item) * columns + n + v] = sums[item][v];
  }
}

// The recurrent part of a gate of one item.
template <class S, class C>
__device__ __forceinline__ C recurrent_part(const C* partial, int item, int gate) {
  constexpr int columns = S::gates * S::hidden;
  C sum = 0;
#pragma unroll
  for (int part = 0; part < S::parts; ++part)
    sum += partial[(part * S::items + item) * columns + gate];
  return sum;
}

// What a block keeps of its items: the hidden states, a second state (the cell's of an LSTM; what a
// GRU's reset gate leaves of the hidden state), and partial sums.
template <class S, class C>
struct RecurrentMemory {
  C *hidden, *second, *partial;

  __device__ __forceinline__ explicit RecurrentMemory(C* memory)
      : hidden(memory),
        second(memory + S::items * S::hidden),
        partial(memory + 2 * S::items * S::hidden) {}

  // The recurrent part of gate g of a unit.
  __device__ __forceinline__ C part(int item, int g, int j) const {
    return recurrent_part<S>(partial, item, g * S::hidden + j);
  }
  __device__ __forceinline__ C hidden_of(int item, int j) const {
    return hidden[item * S::hidden + j];
  }
  __device__ __forceinline__ C& cell_of(int item, int j) const {
    return second[item * S::hidden + j];
  }
};

// The cells, by the equations of ONNX. `in` points to an item's gates of the input at this step; a
// call makes the hidden state of unit j new. A(direction, i, value) is the i-th activation.

struct RnnCell {
  template <class S, class A, class Memory, class T, class C>
  static __device__ __forceinline__ C advance(const Memory& memory, const C* in, const T*, const T*,
                                              int direction, int item, int j) {
    return A::template apply<0>(direction, in[j] + memory.part(item, 0, j));
  }
};

struct LstmCell {
  template <class S, class A, class Memory, class T, class C>
  static __device__ __forceinline__ C advance(const Memory& memory, const C* in, const T* peepholes,
                                              const T*, int direction, int item, int j) {
    constexpr int H = S::hidden;
    C gate[4], peephole[3] = {};
#pragma unroll
    for (int g = 0; g < 4; ++g) gate[g] = in[g * H + j] + memory.part(item, g, j);
    if (peepholes != nullptr)
#pragma unroll
      for (int g = 0; g < 3; ++g) peephole[g] = to_compute(peepholes[g * H + j]);
    C& cell = memory.cell_of(item, j);
    const C input = A::template apply<0>(direction, gate[0] + peephole[0] * cell);
    const C forget = S::input_forget != 0
                         ? C(1) - input
                         : A::template apply<0>(direction, gate[2] + peephole[2] * cell);
    cell = forget * cell + input * A::template apply<1>(direction, gate[3]);
    const C output = A::template apply<0>(direction, gate[1] + peephole[1] * cell);
    return output * A::template apply<2>(direction, cell);
  }
};

struct GruCell {
  template <class S, class A, class Memory, class C>
  static __device__ __forceinline__ C reset(const Memory& memory, const C* in, int direction,
                                            int item, int j) {
    constexpr int H = S::hidden;
    return A::template apply<0>(direction, in[H + j] + memory.part(item, 1, j));
  }

  template <class S, class A, class Memory, class T, class C>
  static __device__ __forceinline__ C advance(const Memory& memory, const C* in, const T*,
                                              const T* recurrent_bias, int direction, int item,
                                              int j) {
    constexpr int H = S::hidden;
    C candidate = memory.part(item, 2, j);
    if (S::linear_before_reset != 0) {
      if (recurrent_bias != nullptr) candidate += to_compute(recurrent_bias[2 * H + j]);
      candidate *= reset<S, A>(memory, in, direction, item, j);
    }
    const C update = A::template apply<0>(direction, in[j] + memory.part(item, 0, j));
    const C fresh = A::template apply<1>(direction, in[2 * H + j] + candidate);
    return (C(1) - update) * fresh + update * memory.hidden_of(item, j);
  }
};

// Operands and results of a walk.
template <class T, class C>
struct RecurrentOperands {
  const C* from_input;
  const T *r, *bias, *hidden, *cell, *peepholes;
  const int32* lengths;
  T *y, *last_hidden, *last_cell;
};

template <class S, class T>
__device__ __forceinline__ auto first_state(const T* state, int64 at) {
  return state != nullptr ? to_compute(state[at]) : decltype(to_compute(T()))(0);
}

// work(item, unit) for those of the block that are in the batch, spread over its threads.
template <class S, class Work>
__device__ __forceinline__ void for_each_unit(int64 first, int64 batch, const Work& work) {
  for (int i = threadIdx.x; i < S::items * S::hidden; i += blockDim.x)
    if (first + i / S::hidden < batch) work(i / S::hidden, i % S::hidden);
}

// A block walks along the sequences of S::items items of the batch, from blockIdx.x * S::items on,
// in the direction blockIdx.y. Behind a sequence's end y gets zeros.
template <class S, class Cell, class A, class T, class C>
__device__ __forceinline__ void recurrent_walk(const S& sizes, const RecurrentOperands<T, C>& at,
                                               const RecurrentMemory<S, C>& memory) {
  constexpr int H = S::hidden, columns = S::gates * H;
  constexpr bool resets_first = S::gates == 3 && S::linear_before_reset == 0;
  const int64 length = sizes.length, batch = sizes.batch;
  const int64 first = static_cast<int64>(blockIdx.x) * S::items;
  const int direction = blockIdx.y;
  const bool backward = direction == 1 || S::backward != 0;
  const T* const r = at.r + static_cast<int64>(direction) * columns * H;
  const T* const peepholes = at.peepholes == nullptr ? nullptr : at.peepholes + direction * 3 * H;
  const T* const recurrent_bias =
      at.bias == nullptr ? nullptr : at.bias + (direction * 2 + 1) * columns;
  const auto state_at = [&](int item, int j) {
    return direction * static_cast<int64>(sizes.s_d) + (first + item) * sizes.s_b + j;
  };
  // Steps of an item; its place in the sequence at a step; the input's gates there.
  const auto length_of = [&](int item) {
    if (at.lengths == nullptr) return length;
    const int64 given = at.lengths[first + item];
    return given < 0 ? 0 : (given < length ? given : length);
  };
  const auto gates_at = [&](int item, int64 t) {
    const int64 row = t * sizes.x_t + (first + item) * sizes.x_b;
    return at.from_input + (direction * length * batch + row) * columns;
  };

  for (int i = threadIdx.x; i < S::items * H; i += blockDim.x) {
    const bool inside = first + i / H < batch;
    memory.hidden[i] = inside ? first_state<S>(at.hidden, state_at(i / H, i % H)) : C(0);
    memory.second[i] = inside ? first_state<S>(at.cell, state_at(i / H, i % H)) : C(0);
  }
  __syncthreads();
  for (int64 step = 0; step < length; ++step) {
    const auto place_of = [&](int item) {
      const int64 steps = length_of(item);
      return step >= steps ? int64(-1) : (backward ? steps - 1 - step : step);
    };
    multiply_state<S, 0, resets_first ? 2 * H : columns>(r, memory.hidden, memory.partial);
    __syncthreads();
    if constexpr (resets_first) {
      for_each_unit<S>(first, batch, [&](int item, int j) {
        const int64 t = place_of(item);
        if (t < 0) return;
        memory.second[item * H + j] =
            memory.hidden[item * H + j] *
            GruCell::reset<S, A>(memory, gates_at(item, t), direction, item, j);
      });
      __syncthreads();
      multiply_state<S, 2 * H, columns>(r, memory.second, memory.partial);
      __syncthreads();
    }
    for_each_unit<S>(first, batch, [&](int item, int j) {
      const int64 t = place_of(item);
      C value = 0;
      if (t >= 0) {
        value = Cell::template advance<S, A>(memory, gates_at(item, t), peepholes, recurrent_bias,
                                             direction, item, j);
        memory.hidden[item * H + j] = value;
      }
      if (at.y != nullptr)
        at.y[(t >= 0 ? t : step) * sizes.y_t + direction * static_cast<int64>(sizes.y_d) +
             (first + item) * sizes.y_b + j] = from_compute<T>(value);
    });
    __syncthreads();
  }
  for_each_unit<S>(first, batch, [&](int item, int j) {
    if (at.last_hidden != nullptr)
      at.last_hidden[state_at(item, j)] = from_compute<T>(memory.hidden[item * H + j]);
    if (at.last_cell != nullptr)
      at.last_cell[state_at(item, j)] = from_compute<T>(memory.second[item * H + j]);
  });
}

// The same, a launch for each step and all multiprocessors at work on it. `states` holds the hidden
// states of two steps in turn and the cells', [3][direction][batch][hidden].

template <class S, class T, class C>
__device__ __forceinline__ void recurrent_start(const S& sizes, const RecurrentOperands<T, C>& at,
                                                C* states) {
  const int64 batch = sizes.batch, all = batch * S::directions * S::hidden;
  for (int64 i = blockIdx.x * static_cast<int64>(blockDim.x) + threadIdx.x; i < all;
       i += gridDim.x * static_cast<int64>(blockDim.x)) {
    const int64 j = i % S::hidden, b = i / S::hidden % batch, d = i / S::hidden / batch;
    const int64 from = d * sizes.s_d + b * sizes.s_b + j;
    states[i] = first_state<S>(at.hidden, from);
    states[2 * all + i] = first_state<S>(at.cell, from);
  }
}

// What a lane knows of its unit of an item at a step.
template <class C>
struct UnitMemory {
  const C* sums;  // of the gates
  C hidden;
  C* cell;

  __device__ __forceinline__ C part(int, int g, int) const { return sums[g]; }
  __device__ __forceinline__ C hidden_of(int, int) const { return hidden; }
  __device__ __forceinline__ C& cell_of(int, int) const { return *cell; }
};

// sums[g][item] = the product of row g * hidden + j of r and the item's hidden state, in every
// lane.
template <class S, class T, class C>
__device__ __forceinline__ void multiply_unit(const T* __restrict__ r, const C* hidden, int items,
                                              int j, C (&sums)[S::items][S::gates]) {
  constexpr int V = S::vector, H = S::hidden;
#pragma unroll 4
  for (int k = lane_id() * V; k < H; k += 32 * V) {
    Pack<T, V> factors[S::gates];
#pragma unroll
    for (int g = 0; g < S::gates; ++g)
      factors[g] =
          *reinterpret_cast<const Pack<T, V>*>(r + (static_cast<int64>(g) * H + j) * H + k);
#pragma unroll
    for (int item = 0; item < S::items; ++item) {
      if (item >= items) continue;
      const Pack<C, V> state = *reinterpret_cast<const Pack<C, V>*>(hidden + item * H + k);
#pragma unroll
      for (int g = 0; g < S::gates; ++g)
#pragma unroll
        for (int v = 0; v < V; ++v)
          sums[item][g] += state.items[v] * to_compute(factors[g].items[v]);
    }
  }
#pragma unroll
  for (int item = 0; item < S::items; ++item)
#pragma unroll
    for (int g = 0; g < S::gates; ++g)
      sums[item][g] = warp_reduce(sums[item][g], [](C a, C b) { return a + b; });
}

// A step of the unit j of an item b; inactive ones keep their state.
template <class S, class Cell, class A, class T, class C>
__device__ __forceinline__ void advance_unit(const S& sizes, const RecurrentOperands<T, C>& at,
                                             const C* before, C* after, C* cells, int64 step, int d,
                                             int64 b, int j, const C* sums) {
  constexpr int columns = S::gates * S::hidden;
  const int64 length = sizes.length, batch = sizes.batch;
  int64 steps = length;
  if (at.lengths != nullptr) {
    const int64 given = at.lengths[b];
    steps = given < 0 ? 0 : (given < length ? given : length);
  }
  const bool backward = d == 1 || S::backward != 0, active = step < steps;
  const int64 t = !active ? step : (backward ? steps - 1 - step : step);
  const int64 unit = (d * batch + b) * S::hidden + j;
  C value = before[unit];
  if (active) {
    const int64 row = t * sizes.x_t + b * sizes.x_b;
    value = Cell::template advance<S, A>(
        UnitMemory<C>{sums, value, cells + unit},
        at.from_input + (d * length * batch + row) * columns,
        at.peepholes == nullptr ? nullptr : at.peepholes + d * 3 * S::hidden,
        at.bias == nullptr ? nullptr : at.bias + (d * 2 + 1) * columns, d, 0, j);
  }
  after[unit] = value;
  if (at.y != nullptr)
    at.y[t * sizes.y_t + d * static_cast<int64>(sizes.y_d) + b * sizes.y_b + j] =
        from_compute<T>(active ? value : C(0));
  if (step + 1 < length) return;
  const int64 to = d * static_cast<int64>(sizes.s_d) + b * sizes.s_b + j;
  if (at.last_hidden != nullptr) at.last_hidden[to] = from_compute<T>(value);
  if (at.last_cell != nullptr) at.last_cell[to] = from_compute<T>(cells[unit]);
}

// One step: a warp does one unit of S::items items, from blockIdx.x * S::items on, in the direction
// blockIdx.z. `vector` divides the hidden size, and r is row-major.
template <class S, class Cell, class A, class T, class C>
__device__ __forceinline__ void recurrent_step(const S& sizes, const RecurrentOperands<T, C>& at,
                                               C* states, int64 step) {
  constexpr int H = S::hidden;
  const int64 batch = sizes.batch, all = batch * S::directions * H;
  const int d = blockIdx.z;
  const int j = static_cast<int>(blockIdx.y * (blockDim.x / 32) + threadIdx.x / 32);
  if (j >= H) return;
  const int64 first = static_cast<int64>(blockIdx.x) * S::items;
  const int items = batch - first < S::items ? static_cast<int>(batch - first) : S::items;
  const C* const before = states + step % 2 * all;
  C sums[S::items][S::gates] = {};
  multiply_unit<S>(at.r + static_cast<int64>(d) * S::gates * H * H,
                   before + (d * batch + first) * H, items, j, sums);
#pragma unroll
  for (int item = 0; item < S::items; ++item)
    if (lane_id() == item && item < items)
      advance_unit<S, Cell, A>(sizes, at, before, states + (step + 1) % 2 * all, states + 2 * all,
                               step, d, first + item, j, sums[item]);
}
