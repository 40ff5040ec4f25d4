#include "machine/fibers.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#if defined(__x86_64__)
// Keeps what the ABI says a call keeps, which swapcontext's system call makes ten times slower.
asm(R"(
.text
.hidden fake_cuda_switch
.globl fake_cuda_switch
.type fake_cuda_switch, @function
fake_cuda_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size fake_cuda_switch, .-fake_cuda_switch
)");
extern "C" void fake_cuda_switch(void** save, void* next);
#endif

namespace fake_cuda {
namespace {

constexpr size_t stack_bytes = 64 << 10;

// Never given back: fibers are pooled. Running over its end hits a page without access.
unsigned char* new_stack() {
  const size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  void* memory = ::mmap(nullptr, stack_bytes + page, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED || ::mprotect(memory, page, PROT_NONE) != 0) {
    std::perror("fake_cuda: no memory for a thread's stack");
    std::abort();
  }
  return static_cast<unsigned char*>(memory) + page;
}

}  // namespace

#if defined(__x86_64__)

Fiber::Fiber(void (*entry)()) {
  // Six registers and the address that the switch returns to; behind it the stack is as after a
  // call.
  auto* top = reinterpret_cast<uintptr_t*>(new_stack() + stack_bytes);
  top[-1] = 0;
  top[-2] = reinterpret_cast<uintptr_t>(entry);
  for (int i = 3; i <= 8; ++i) top[-i] = 0;
  stack_pointer_ = top - 8;
}

void Fiber::switch_to(Fiber& to) { fake_cuda_switch(&stack_pointer_, to.stack_pointer_); }

#else

Fiber::Fiber(void (*entry)()) {
  ::getcontext(&context_);
  context_.uc_stack.ss_sp = new_stack();
  context_.uc_stack.ss_size = stack_bytes;
  context_.uc_link = nullptr;
  ::makecontext(&context_, entry, 0);
}

void Fiber::switch_to(Fiber& to) { ::swapcontext(&context_, &to.context_); }

#endif

}  // namespace fake_cuda
