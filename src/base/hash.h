// Fast hashes and checksums; not for secrets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace cermet {

// XXH3, 64 bits; the same on every machine.
uint64_t hash_bytes(const void* data, size_t bytes, uint64_t seed = 0);
inline uint64_t hash_bytes(std::string_view text, uint64_t seed = 0) {
  return hash_bytes(text.data(), text.size(), seed);
}

// The same hash, seed 0, of bytes that come in pieces.
class StreamHash {
 public:
  StreamHash();
  ~StreamHash();
  StreamHash(const StreamHash&) = delete;
  StreamHash& operator=(const StreamHash&) = delete;

  void add(const void* data, size_t bytes);
  uint64_t value() const;  // of all pieces so far

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cermet
