// What an emulated kernel and the emulator know of each other. Both are compiled with it, so it
// includes nothing.
#pragma once

namespace emulation {

struct Dimensions {
  unsigned x, y, z;
};

// What the lanes of a warp gave in a call that they make together.
struct Meeting {
  unsigned present;  // a bit for each lane that came
  struct alignas(16) Slot {
    unsigned char bytes[64];
  } slots[32];
};

// Lanes that meet have to be in calls of one kind.
enum class Together : int { sync = 1, shuffle, vote, multiply, load_matrices };
// Of bytes, the left factor's type comes first.
enum class Product : int {
  f16,
  bf16,
  tf32,
  s8,
  u8,
  s8u8,
  u8s8,
  e4m3,
  e5m2,
  e4m3e5m2,
  e5m2e4m3,
};

// The thread that runs now, and what it can call.
struct Machine {
  Dimensions thread, block, threads, blocks;
  unsigned linear;  // of the thread in its block
  unsigned char* dynamic_shared;

  // Waits for all threads of the block; the sum of `count` over them.
  int (*sync_threads)(int count);
  const Meeting* (*meet)(Together kind, unsigned mask, const void* give, unsigned bytes);
  unsigned (*live_lanes)();
  void (*multiply)(Product kind, void* d, const unsigned* a, const unsigned* b);
  void (*load_matrices)(unsigned* r, const void* row, bool transposed);
  void (*async_copy)(void* shared, const void* global, int bytes, bool valid);
  void (*async_commit)();
  void (*async_wait)(int groups);
};

// Exported by a module under the kernel's name and "_emulated".
struct Kernel {
  void (*run)(void** parameters);
  int parameters;
  const unsigned* sizes;  // in bytes, of each parameter
  unsigned max_threads;   // of __launch_bounds__, or 0
};

// Exported by a module as "emulated_module".
struct Module {
  Machine** machine;           // set when it is loaded
  unsigned char *begin, *end;  // its shared memory
  const char* form;            // "CERMET_EMULATED_CUBIN" or "CERMET_EMULATED_PTX.."
  const char* architecture;    // "sm_90" or "compute_90"
};

}  // namespace emulation
