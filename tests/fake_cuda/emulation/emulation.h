// Comes before the text of a kernel and makes it C++ of the host. No header of the system is
// included: that would take most of the time that a kernel is compiled for.
#pragma once

#define CERMET_EMULATED 1

#include "../machine/machine.h"
#include "../machine/numbers.h"
#include "language.h"
#include "mathematics.h"
#include "vectors.h"
#include "warp.h"
// After all of them: what ptx.cu has.
#include "ptx.h"

// What a module shows of itself and of its kernels. The compiler adds an EMULATED_MODULE and an
// EMULATED_KERNEL for each kernel behind the text.
namespace emulation {

template <class... Parameters>
struct KernelOf {
  static constexpr unsigned sizes[sizeof...(Parameters) + 1] = {sizeof(Parameters)..., 0};
  template <void (*kernel)(Parameters...)>
  struct Call {
    template <int... I>
    struct Indices {};
    template <int N, int... I>
    static auto indices(Indices<I...> done) {
      if constexpr (N == 0)
        return done;
      else
        return indices<N - 1>(Indices<N - 1, I...>{});
    }
    template <int... I>
    static void call(void** parameters, Indices<I...>) {
      kernel(*static_cast<Parameters*>(parameters[I])...);
    }
    static void run(void** parameters) {
      call(parameters, indices<static_cast<int>(sizeof...(Parameters))>(Indices<>{}));
    }
  };
};

template <class... Parameters>
KernelOf<Parameters...> kernel_of(void (*)(Parameters...));

}  // namespace emulation

extern "C" __attribute__((visibility("hidden"))) unsigned char __bss_start[], _end[];

// Shared memory is all that the linker puts into the part without initial values.
#define EMULATED_MODULE(architecture)                                                     \
  extern "C" __attribute__((visibility("default"))) emulation::Module emulated_module = { \
      &emulated_machine, __bss_start, _end, "CERMET_EMULATED_CUBIN", architecture};

#define EMULATED_KERNEL(name, max_threads)                                                      \
  extern "C" __attribute__((visibility("default"))) const emulation::Kernel name##_emulated = { \
      &decltype(emulation::kernel_of(&name))::Call<&name>::run,                                 \
      static_cast<int>(sizeof(decltype(emulation::kernel_of(&name))::sizes) / 4 - 1),           \
      decltype(emulation::kernel_of(&name))::sizes, static_cast<unsigned>(max_threads)};
