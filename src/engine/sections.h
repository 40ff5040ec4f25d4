// The frame of an engine file, read and checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace cermet {

// Header and table of a file; the checksum covers both.
uint64_t header_checksum(std::span<const std::byte> header, std::span<const std::byte> table);

// Lie within the file that was given; empty where the file has none.
struct Sections {
  std::span<const std::byte> metadata;
  std::span<const std::byte> strings;
  std::span<const std::byte> weights;
  std::span<const std::byte> kernels;
  std::span<const std::byte> model;
  std::span<const std::byte> model_data;
  std::shared_ptr<void> owner;  // of the memory
  // Compares the weights, by far the largest section, with their checksum; empty where that is not
  // wanted. Throws invalid_engine. May be called from any thread.
  std::function<void()> verify_weights;
  // The same for the two sections of the model.
  std::function<void()> verify_model;
};

// Where what a run reads ends in the file. Throws invalid_engine.
size_t end_of_plan(std::span<const std::byte> file);

// Requires `file` to be aligned to 64 bytes. After this, and after verify_weights and verify_model,
// every byte of the file is known to be either zero padding or covered by a checksum. Throws
// invalid_engine.
Sections read_sections(std::span<const std::byte> file, bool verify_checksums);

}  // namespace cermet
