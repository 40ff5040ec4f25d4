// Runs the blocks of a kernel one after the other, the threads of a block as fibers.
#pragma once

#include <string>

#include "machine/machine.h"

namespace fake_cuda {

struct Launch {
  std::string name;
  const emulation::Module* module;
  const emulation::Kernel* kernel;
  emulation::Dimensions blocks, threads;
  unsigned dynamic_bytes;
};

// The one machine that all modules run on.
emulation::Machine& machine();

// Not from two threads at once. Aborts, naming the kernel, where threads wait for each other for
// ever or do what has no meaning on a card.
void run_grid(const Launch& launch, void** parameters);

// Aborts with the kernel, block and thread that run now.
[[noreturn]] void kernel_fault(const char* format, ...) __attribute__((format(printf, 1, 2)));

// As Machine::meet; the last lane to come has `combine` work on what all gave.
using Combine = void (*)(emulation::Meeting& meeting);
const emulation::Meeting* meet(emulation::Together kind, unsigned mask, const void* give,
                               unsigned bytes, Combine combine);

}  // namespace fake_cuda
