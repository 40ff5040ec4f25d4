// The functions of src/backends/cuda/build/kernels/ptx.cu.
#pragma once

inline float half_to_float(unsigned short bits) { return emulation::half_to_float(bits); }
inline unsigned short float_to_half(float value) { return emulation::float_to_half(value); }
inline unsigned short float_to_bfloat16(float value) { return emulation::float_to_bfloat16(value); }
inline unsigned float_to_tf32(float value) { return emulation::float_to_tf32(value); }
inline unsigned float_to_half2(float low, float high) {
  return float_to_half(low) | static_cast<unsigned>(float_to_half(high)) << 16;
}
inline unsigned float_to_bfloat16x2(float low, float high) {
  return float_to_bfloat16(low) | static_cast<unsigned>(float_to_bfloat16(high)) << 16;
}

inline float fast_exp2(float value) {
  const auto flushed = [](float x) { return fabsf(x) < 0x1p-126f ? copysignf(0.0f, x) : x; };
  return flushed(exp2f(flushed(value)));
}

#define EMULATED_MULTIPLY(name, type, product)                                  \
  inline void name(type(&d)[4], const unsigned(&a)[4], const unsigned(&b)[2]) { \
    emulated_machine->multiply(emulation::Product::product, d, a, b);           \
    asm volatile("" ::: "memory");                                              \
  }
EMULATED_MULTIPLY(mma_f16, float, f16)
EMULATED_MULTIPLY(mma_bf16, float, bf16)
EMULATED_MULTIPLY(mma_tf32, float, tf32)
EMULATED_MULTIPLY(mma_s8, int, s8)
EMULATED_MULTIPLY(mma_u8, int, u8)
EMULATED_MULTIPLY(mma_s8u8, int, s8u8)
EMULATED_MULTIPLY(mma_u8s8, int, u8s8)
#undef EMULATED_MULTIPLY

#define EMULATED_FLOAT8(name, product)                                           \
  inline void name(float(&d)[4], const unsigned(&a)[4], const unsigned(&b)[2]) { \
    for (float& sum : d) sum = 0;                                                \
    emulated_machine->multiply(emulation::Product::product, d, a, b);            \
    asm volatile("" ::: "memory");                                               \
  }
EMULATED_FLOAT8(mma_e4m3, e4m3)
EMULATED_FLOAT8(mma_e5m2, e5m2)
EMULATED_FLOAT8(mma_e4m3e5m2, e4m3e5m2)
EMULATED_FLOAT8(mma_e5m2e4m3, e5m2e4m3)
#undef EMULATED_FLOAT8

inline void load_matrices(unsigned (&r)[4], const void* row) {
  emulated_machine->load_matrices(r, row, false);
  asm volatile("" ::: "memory");
}
inline void load_matrices_transposed(unsigned (&r)[4], const void* row) {
  emulated_machine->load_matrices(r, row, true);
  asm volatile("" ::: "memory");
}

template <int BYTES>
void async_copy(void* shared, const void* global, bool valid) {
  static_assert(BYTES == 4 || BYTES == 8 || BYTES == 16, "the sizes of the instruction");
  emulated_machine->async_copy(shared, global, BYTES, valid);
}
inline void async_commit() { emulated_machine->async_commit(); }
template <int GROUPS>
void async_wait() {
  emulated_machine->async_wait(GROUPS);
  asm volatile("" ::: "memory");
}

template <class T>
T to_compute(T x);

// Products of warpgroups; these are done at once, and what a thread wrote all others see.
template <class Tile, class LeftTile, class RightTile, class Sum, int COUNT>
void warpgroup_multiply(Sum (&d)[COUNT], const unsigned char* left, int row,
                        const unsigned char* right, int depth) {
  constexpr int deep = 32 / static_cast<int>(sizeof(typename Tile::Element));
  const auto left_element = [&](int line, int k) {
    using Element = typename Tile::LeftElement;
    return to_compute(*reinterpret_cast<const Element*>(left + LeftTile::place(line, k)));
  };
  const auto right_element = [&](int line, int k) {
    using Element = typename Tile::RightElement;
    return to_compute(*reinterpret_cast<const Element*>(right + RightTile::place(line, k)));
  };
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  for (int i = 0; i < COUNT; ++i) {
    const int m = row + warp % 4 * 16 + lane / 4 + i / 2 % 2 * 8;
    const int n = i / 4 * 8 + lane % 4 * 2 + i % 2;
    for (int k = depth; k < depth + deep; ++k) d[i] += left_element(m, k) * right_element(n, k);
  }
}
template <class Sum, int COUNT>
void hold_in_registers(Sum (&)[COUNT]) {}
inline void warpgroup_begin() {}
inline void warpgroup_commit() {}
template <int GROUPS>
void warpgroup_wait() {}
inline void show_to_tensor_cores() { asm volatile("" ::: "memory"); }

// Kernels run one after the other.
inline void wait_for_previous_kernel() {}
inline void let_next_kernel_start() {}
