#include "cermet/allocator.h"

#include <bit>
#include <new>

#include "base/error.h"

namespace cermet {
namespace {

class HeapAllocator final : public Allocator {
 public:
  void* allocate(size_t bytes, size_t alignment) override {
    require(std::has_single_bit(alignment), ErrorCode::invalid_argument,
            "allocating {} bytes: expected an alignment that is a power of two, got {}", bytes,
            alignment);
    void* memory = ::operator new(bytes, std::align_val_t(alignment), std::nothrow);
    require(memory != nullptr, ErrorCode::out_of_memory,
            "the system has no {} bytes of memory left; close other programs or run smaller shapes",
            bytes);
    return memory;
  }

  void deallocate(void* memory, size_t, size_t alignment) noexcept override {
    ::operator delete(memory, std::align_val_t(alignment));
  }
};

}  // namespace

Allocator& default_allocator() noexcept {
  static HeapAllocator allocator;
  return allocator;
}

}  // namespace cermet
