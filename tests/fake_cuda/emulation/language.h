// Words and variables of CUDA C++.
#pragma once

// Not null, so that it lies outside the shared memory.
inline emulation::Machine* emulated_machine = reinterpret_cast<emulation::Machine*>(1);

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __shared__ static
#define __constant__ static const
#define __grid_constant__
#define __managed__
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __launch_bounds__(...)
#define __cluster_dims__(...)

#define threadIdx (emulated_machine->thread)
#define blockIdx (emulated_machine->block)
#define blockDim (emulated_machine->threads)
#define gridDim (emulated_machine->blocks)
#define dynamic_shared_memory (emulated_machine->dynamic_shared)
constexpr int warpSize = 32;

using size_t = decltype(sizeof(0));

extern "C" int printf(const char* format, ...);
extern "C" void abort() noexcept;
extern "C" void* memcpy(void* to, const void* from, size_t bytes) noexcept;
extern "C" void* memset(void* to, int value, size_t bytes) noexcept;

#define assert(condition) \
  ((condition) ? void() : (printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition), abort()))
#define __trap() abort()
#define __builtin_assume(condition) void()
#define __builtin_assume_aligned_cuda __builtin_assume_aligned
#define CUDART_INF_F __builtin_inff()
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")

template <class T>
T __ldg(const T* from) {
  return *from;
}
template <class T>
T __ldcg(const T* from) {
  return *from;
}
template <class T>
T __ldcs(const T* from) {
  return *from;
}
template <class T>
void __stcs(T* to, T value) {
  *to = value;
}
template <class T>
void __stcg(T* to, T value) {
  *to = value;
}

// One thread runs at a time, and blocks one after the other.
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}

// The second type is what the first argument asks for, so that atomicAdd(&unsigned, 1) works.
template <class T>
struct EmulatedSame {
  using type = T;
};
#define EMULATED_ATOMIC(name, result)                        \
  template <class T>                                         \
  T name(T* address, typename EmulatedSame<T>::type value) { \
    const T old = *address;                                  \
    *address = result;                                       \
    return old;                                              \
  }
EMULATED_ATOMIC(atomicAdd, old + value)
EMULATED_ATOMIC(atomicSub, old - value)
EMULATED_ATOMIC(atomicMax, old < value ? value : old)
EMULATED_ATOMIC(atomicMin, value < old ? value : old)
EMULATED_ATOMIC(atomicExch, value)
EMULATED_ATOMIC(atomicAnd, old& value)
EMULATED_ATOMIC(atomicOr, old | value)
EMULATED_ATOMIC(atomicXor, old ^ value)
EMULATED_ATOMIC(atomicInc, old >= value ? 0 : old + 1)
EMULATED_ATOMIC(atomicDec, old == 0 || old > value ? value : old - 1)
#undef EMULATED_ATOMIC
template <class T>
T atomicCAS(T* address, typename EmulatedSame<T>::type expected,
            typename EmulatedSame<T>::type value) {
  const T old = *address;
  if (old == expected) *address = value;
  return old;
}
