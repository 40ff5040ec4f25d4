#include "backends/cuda/build/limits.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"

namespace cermet::cuda {
namespace {

constexpr int64_t most_threads = 1024;  // of a block, everywhere
constexpr std::array<int64_t, 3> most_threads_of_axis{1024, 1024, 64};

// Table "technical specifications per compute capability" of the CUDA C++ Programming Guide.
struct SharedMemory {
  int number;
  int64_t bytes;
};
constexpr int64_t least_bytes = 99 << 10;  // of all cards from sm_80 on
constexpr std::array shared_memory{
    SharedMemory{80, 163 << 10},  SharedMemory{86, 99 << 10},  SharedMemory{87, 163 << 10},
    SharedMemory{89, 99 << 10},   SharedMemory{90, 227 << 10}, SharedMemory{100, 227 << 10},
    SharedMemory{103, 227 << 10}, SharedMemory{120, 99 << 10}, SharedMemory{121, 99 << 10},
};

int number_of(std::string_view architecture) {
  const std::string_view digits = architecture.substr(architecture.find('_') + 1);
  int number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace

int64_t most_shared_bytes(std::string_view architecture) {
  const int number = number_of(architecture);
  for (const SharedMemory& row : shared_memory)
    if (row.number == number) return row.bytes;
  return least_bytes;
}

int64_t most_shared_bytes(std::span<const std::string> architectures) {
  int64_t bytes = architectures.empty() ? least_bytes : most_shared_bytes(architectures[0]);
  for (const std::string& architecture : architectures)
    bytes = std::min(bytes, most_shared_bytes(architecture));
  return bytes;
}

int64_t most_shared_bytes(const TacticQuery& query) {
  return query.shared_bytes > 0 ? query.shared_bytes : most_shared_bytes(query.architecture);
}

void check_limits(const DeviceProgram& program, std::span<const std::string> architectures) {
  for (const Launch& launch : program.launches) {
    int64_t threads = 1;
    for (size_t axis = 0; axis < launch.block.size(); ++axis) {
      threads *= launch.block[axis];
      require(launch.block[axis] >= 1 && launch.block[axis] <= most_threads_of_axis[axis],
              ErrorCode::internal, "{}: {} threads along axis {}, a block has 1 to {}",
              launch.function, launch.block[axis], axis, most_threads_of_axis[axis]);
    }
    require(threads <= most_threads, ErrorCode::internal, "{}: {} threads, a block has at most {}",
            launch.function, threads, most_threads);
    if (!launch.shared_bytes.is_constant()) continue;
    for (const std::string& architecture : architectures)
      require(launch.shared_bytes.constant() <= most_shared_bytes(architecture),
              ErrorCode::internal, "{}: {} bytes of shared memory, a block of {} has {}",
              launch.function, launch.shared_bytes.constant(), architecture,
              most_shared_bytes(architecture));
  }
}

}  // namespace cermet::cuda
