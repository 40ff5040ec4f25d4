// Where memory comes from. Users may give their own.
#pragma once

#include <cstddef>

namespace cermet {

// Thread safe: contexts of several threads may share one. Must outlive all memory taken from it.
class Allocator {
 public:
  virtual ~Allocator() = default;
  // At least `bytes` bytes at a multiple of `alignment` (a power of two), never null; contents are
  // anything. Zero bytes are legal. Throws Error out_of_memory naming the bytes.
  virtual void* allocate(size_t bytes, size_t alignment) = 0;
  // Gives back what allocate(bytes, alignment) returned; null is ignored.
  virtual void deallocate(void* memory, size_t bytes, size_t alignment) noexcept = 0;
};

// Memory of the process's heap. Lives until the program ends.
Allocator& default_allocator() noexcept;

}  // namespace cermet
