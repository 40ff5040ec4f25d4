#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cermet {

uint64_t hash_bytes(const void* data, size_t bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(data, bytes, seed);
}

struct StreamHash::State {
  XXH3_state_t xxh3;
};

StreamHash::StreamHash() : state_(std::make_unique<State>()) { XXH3_64bits_reset(&state_->xxh3); }
StreamHash::~StreamHash() = default;

void StreamHash::add(const void* data, size_t bytes) {
  XXH3_64bits_update(&state_->xxh3, data, bytes);
}

uint64_t StreamHash::value() const { return XXH3_64bits_digest(&state_->xxh3); }

}  // namespace cermet
