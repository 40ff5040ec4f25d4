// Reads engine files. Nothing in them is trusted: every error has the code invalid_engine and names
// the field, what was expected and what came.
#pragma once

#include <future>
#include <memory>
#include <span>

#include "base/file.h"
#include "engine/image.h"

namespace cermet {

struct ReadOptions {
  // Off only to reach what lies behind the checksums with damaged files, as a fuzzer does.
  bool verify_checksums = true;
  // Where it is set, the weights' checksum is verified in a thread of its own, and get() of what is
  // put here throws what the reader would have thrown.
  std::future<void>* weights = nullptr;
  // Whether the stored model's checksums are verified: runs don't read it.
  bool verify_model = false;
};

// Numeric constants stay in the mapping, which they keep alive.
EngineImage read_engine(std::shared_ptr<MappedFile> file, ReadOptions options = {});
// The same from memory, which is copied.
EngineImage read_engine(std::span<const std::byte> bytes, ReadOptions options = {});

}  // namespace cermet
