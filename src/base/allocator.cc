#include "cermet/allocator.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <new>

#include "base/error.h"

namespace cermet {
namespace {

// Large memory is asked for in pages of this size: first use and address translation cost less.
constexpr size_t large_page = size_t{2} << 20;

std::align_val_t alignment_of(size_t bytes, size_t alignment) {
  return std::align_val_t(bytes < 2 * large_page ? alignment : std::max(alignment, large_page));
}

class HeapAllocator final : public Allocator {
 public:
  void* allocate(size_t bytes, size_t alignment) override {
    require(std::has_single_bit(alignment), ErrorCode::invalid_argument,
            "allocating {} bytes: expected an alignment that is a power of two, got {}", bytes,
            alignment);
    void* memory = ::operator new(bytes, alignment_of(bytes, alignment), std::nothrow);
    require(memory != nullptr, ErrorCode::out_of_memory,
            "the system has no {} bytes of memory left; close other programs or run smaller shapes",
            bytes);
    // A wish: systems without such pages go on with small ones.
    if (bytes >= 2 * large_page) ::madvise(memory, bytes / large_page * large_page, MADV_HUGEPAGE);
    return memory;
  }

  void deallocate(void* memory, size_t bytes, size_t alignment) noexcept override {
    ::operator delete(memory, alignment_of(bytes, alignment));
  }
};

}  // namespace

Allocator& default_allocator() noexcept {
  static HeapAllocator allocator;
  return allocator;
}

}  // namespace cermet
