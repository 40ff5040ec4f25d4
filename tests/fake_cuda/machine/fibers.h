// Threads of execution that give way to each other by hand, on the stack of one OS thread.
#pragma once

#include <cstddef>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace fake_cuda {

class Fiber {
 public:
  Fiber() = default;  // the OS thread itself, which runs already
  explicit Fiber(void (*entry)());
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Goes on with `to` until something switches back.
  void switch_to(Fiber& to);

 private:
#if defined(__x86_64__)
  void* stack_pointer_ = nullptr;
#else
  ucontext_t context_{};
#endif
};

}  // namespace fake_cuda
