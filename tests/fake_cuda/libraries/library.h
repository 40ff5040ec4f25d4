// What the libraries in place of NVIDIA's have in common: their memory is the emulated card's.
#pragma once

#include <cstdint>

#include "backends/cuda/run/driver_api.h"

namespace fake_cuda {

// Begins a call of a library, which FAKE_CUDA may make fail; the status, 0: it goes on.
int begin_call(const char* name);
// The same for a call that needs a context; `without` is the status where there is none.
int begin_call_on_card(const char* name, int without);

enum class NumberType : uint8_t { float32, float16, bfloat16 };
int bytes_of(NumberType type);
// Of the card's memory, while it may be used.
float read_number(const void* base, NumberType type, int64_t index);
void write_number(void* base, NumberType type, int64_t index, float value);

// Whether so many bytes from there are one allocation's, and aligned to 16 bytes.
bool is_operand(const void* pointer, int64_t bytes);

// Counts what is alive, for a line of the file that FAKE_CUDA_REPORT names.
void count_object(int change);

}  // namespace fake_cuda
