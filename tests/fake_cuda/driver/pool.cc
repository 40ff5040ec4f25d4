#include "driver/pool.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "settings.h"

namespace cermet::cuda {
namespace {

constexpr size_t alignment = 256, guard_bytes = 256;
constexpr size_t most_poisoned = size_t{64} << 20;
constexpr unsigned char poison = 0xff, guard = 0xca;

size_t rounded(size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

// Where the processor has keys for pages, a thread gets access without a system call, and others
// don't get it with it.
int page_key() {
#if defined(__x86_64__)
  static const int key = ::pkey_alloc(0, PKEY_DISABLE_ACCESS);
  return key;
#else
  return -1;
#endif
}

unsigned char* bytes_at(CUdeviceptr address) { return reinterpret_cast<unsigned char*>(address); }

int depth = 0;  // of Access; under the driver's lock

}  // namespace

Pool& Pool::of(int ordinal) {
  static Pool* pools[] = {new Pool(0), new Pool(1)};
  return *pools[ordinal];
}

Pool* Pool::holding(CUdeviceptr address) {
  for (int ordinal = 0; ordinal < 2; ++ordinal)
    if (Pool& pool = of(ordinal); address - pool.begin_ < pool.reserved_) return &pool;
  return nullptr;
}

Pool::Pool(int ordinal) : ordinal_(ordinal) {
  void* region = MAP_FAILED;
  for (reserved_ = size_t{64} << 30; region == MAP_FAILED && reserved_ > 1 << 20;) {
    region =
        ::mmap(nullptr, reserved_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) reserved_ /= 2;
  }
  if (region == MAP_FAILED) {
    std::perror("fake_cuda: no addresses for device memory");
    std::abort();
  }
  begin_ = reinterpret_cast<CUdeviceptr>(region);
#if defined(__x86_64__)
  if (page_key() >= 0) ::pkey_mprotect(region, reserved_, PROT_READ | PROT_WRITE, page_key());
#endif
}

size_t Pool::capacity() const {
  return static_cast<size_t>(fake_cuda::setting("memory", int64_t{2} << 30));
}

void Pool::permit(bool access) const {
  if (page_key() < 0 && reached_ != 0)
    ::mprotect(bytes_at(begin_), reached_, access ? PROT_READ | PROT_WRITE : PROT_NONE);
}

// The first that is large enough, with a guard behind.
CUdeviceptr Pool::find_gap(size_t bytes) const {
  CUdeviceptr at = begin_;
  for (const auto& [address, length] : live_) {
    if (address - at >= bytes + guard_bytes) return at;
    at = address + rounded(length) + guard_bytes;
  }
  return at;
}

CUresult Pool::allocate(CUdeviceptr* pointer, size_t bytes) {
  if (pointer == nullptr || bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  if (bytes > capacity() || used_ + rounded(bytes) > capacity()) return CUDA_ERROR_OUT_OF_MEMORY;
  const CUdeviceptr at = find_gap(rounded(bytes));
  const size_t end = at + rounded(bytes) + guard_bytes - begin_;
  if (end > reserved_) return CUDA_ERROR_OUT_OF_MEMORY;
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  if (end > reached_) reached_ = (end + page - 1) / page * page;
  const Access access;
  if (bytes <= most_poisoned && fake_cuda::setting("poison", 1) != 0)
    std::memset(bytes_at(at), poison, bytes);
  std::memset(bytes_at(at + bytes), guard, rounded(bytes) - bytes + guard_bytes);
  live_.emplace(at, bytes);
  used_ += rounded(bytes);
  *pointer = at;
  return CUDA_SUCCESS;
}

CUresult Pool::release(CUdeviceptr pointer) {
  const auto found = live_.find(pointer);
  if (found == live_.end()) return CUDA_ERROR_INVALID_VALUE;
  const size_t bytes = found->second, length = rounded(bytes);
  {
    const Access access;
    for (size_t i = bytes; i < length + guard_bytes; ++i) {
      if (bytes_at(pointer)[i] == guard) continue;
      std::fprintf(stderr, "fake_cuda: something wrote past the %zu bytes of an allocation\n",
                   bytes);
      std::abort();
    }
  }
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const CUdeviceptr first = (pointer + page - 1) / page * page;
  const CUdeviceptr last = (pointer + length) / page * page;
  if (last > first) ::madvise(bytes_at(first), last - first, MADV_DONTNEED);
  live_.erase(found);
  used_ -= length;
  return CUDA_SUCCESS;
}

bool Pool::covers(CUdeviceptr pointer, size_t bytes) const {
  auto next = live_.upper_bound(pointer);
  if (next == live_.begin()) return false;
  const auto& [address, length] = *--next;
  return pointer - address <= length && bytes <= length - (pointer - address);
}

Access::Access() {
  if (++depth > 1) return;
#if defined(__x86_64__)
  if (page_key() >= 0) ::pkey_set(page_key(), 0);
#endif
  for (int ordinal = 0; ordinal < 2; ++ordinal) Pool::of(ordinal).permit(true);
}

Access::~Access() {
  if (--depth > 0) return;
#if defined(__x86_64__)
  if (page_key() >= 0) ::pkey_set(page_key(), PKEY_DISABLE_ACCESS);
#endif
  for (int ordinal = 0; ordinal < 2; ++ordinal) Pool::of(ordinal).permit(false);
}

}  // namespace cermet::cuda
