#include "cermet/allocator.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "cermet/error.h"

namespace cermet {
namespace {

TEST(Allocator, AlignsMemory) {
  for (const size_t alignment : {size_t{1}, size_t{64}, size_t{4096}})
    for (const size_t bytes : {size_t{0}, size_t{100}}) {
      void* memory = default_allocator().allocate(bytes, alignment);
      EXPECT_NE(memory, nullptr);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % alignment, 0u);
      default_allocator().deallocate(memory, bytes, alignment);
    }
  default_allocator().deallocate(nullptr, 0, 64);
}

TEST(Allocator, RefusesOddAlignments) { EXPECT_THROW(default_allocator().allocate(1, 3), Error); }

}  // namespace
}  // namespace cermet
