// What FAKE_CUDA asks for: "cuMemAlloc_v2=2@3,cards=1" makes the third cuMemAlloc_v2 fail with 2 on
// a machine with one card.
#pragma once

#include <cstdint>

namespace fake_cuda {

// The number behind NAME= in FAKE_CUDA, or `otherwise`.
int64_t setting(const char* name, int64_t otherwise);

// Counts a call of NAME; the number that it has to fail with, else 0. NAME=ERROR fails each call,
// NAME=ERROR@N the Nth since FAKE_CUDA last changed. Not safe from several threads.
int injected_error(const char* name);

}  // namespace fake_cuda

// How often NAME was called so far, for tests that open the library. Not safe while calls are made.
extern "C" int64_t fake_cuda_calls(const char* name);
