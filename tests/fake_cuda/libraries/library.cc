#include "libraries/library.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "driver/pool.h"
#include "driver/state.h"
#include "machine/numbers.h"
#include "settings.h"

namespace fake_cuda {

using namespace cermet::cuda;

int begin_call(const char* name) { return Call(name, Needs::nothing).error; }

int begin_call_on_card(const char* name, int without) {
  const int error = Call(name).error;
  const bool no_context = error == error_invalid_context || error == error_not_initialized ||
                          error == error_context_is_destroyed;
  return no_context ? without : error;
}

int bytes_of(NumberType type) { return type == NumberType::float32 ? 4 : 2; }

float read_number(const void* base, NumberType type, int64_t index) {
  const auto* at = static_cast<const unsigned char*>(base) + index * bytes_of(type);
  if (type == NumberType::float32) {
    float value = 0;
    std::memcpy(&value, at, sizeof(value));
    return value;
  }
  uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof(bits));
  return type == NumberType::float16 ? emulation::half_to_float(bits)
                                     : emulation::as_float(static_cast<unsigned>(bits) << 16);
}

void write_number(void* base, NumberType type, int64_t index, float value) {
  auto* at = static_cast<unsigned char*>(base) + index * bytes_of(type);
  if (type == NumberType::float32) {
    std::memcpy(at, &value, sizeof(value));
    return;
  }
  const uint16_t bits = type == NumberType::float16 ? emulation::float_to_half(value)
                                                    : emulation::float_to_bfloat16(value);
  std::memcpy(at, &bits, sizeof(bits));
}

bool is_operand(const void* pointer, int64_t bytes) {
  const auto address = reinterpret_cast<CUdeviceptr>(pointer);
  const Pool* pool = Pool::holding(address);
  return address % 16 == 0 && pool != nullptr && pool->covers(address, static_cast<size_t>(bytes));
}

namespace {

std::atomic<int> objects{0};

__attribute__((destructor)) void report() {
  const char* path = std::getenv("FAKE_CUDA_REPORT");
  std::FILE* file = path != nullptr ? std::fopen(path, "a") : nullptr;
  if (file == nullptr) return;
  std::fprintf(file, "objects of a library: %d\n", objects.load());
  std::fclose(file);
}

}  // namespace

void count_object(int change) { objects += change; }

}  // namespace fake_cuda
