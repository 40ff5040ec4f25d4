// The frame of an engine file, as docs/engine-format.md describes it: a header, a table of
// sections, the sections.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cermet {

static_assert(std::endian::native == std::endian::little,
              "engine files are little-endian and read in place");

// The high bit and the newline catch transfers that damage binary files.
inline constexpr std::array<char, 8> engine_magic{'\x89', 'C', 'E', 'R', 'M', 'E', 'T', '\n'};
// Changes when an older reader would misread the file. 2: a buffer may begin behind the start of
// its alias.
inline constexpr uint32_t engine_format_version = 2;
inline constexpr uint32_t oldest_engine_format_version = 1;  // that is read
// Of every section in the file, and of every constant in the section of weights.
inline constexpr size_t section_alignment = 64;
inline constexpr uint32_t max_section_count = 64;
// Sequences of sequences, and branches and loops within each other: as much as readers take.
inline constexpr int max_type_depth = 16;
inline constexpr int max_region_depth = 100;

// Magic, format version and producer keep their places in all versions, so that any release can
// say what a file is.
struct EngineHeader {
  std::array<char, 8> magic = engine_magic;
  uint32_t format_version = engine_format_version;
  uint32_t section_count = 0;
  uint64_t file_bytes = 0;
  uint64_t reserved = 0;
  std::array<char, 24> producer{};  // the version of Cermet that wrote the file, padded with zeros
  uint64_t checksum = 0;            // header_checksum of what stands before, and of the table
};
static_assert(sizeof(EngineHeader) == 64);

enum class SectionKind : uint32_t {
  metadata = 1,  // FlatBuffers, schema.fbs
  strings = 2,   // constants of strings
  weights = 3,   // all other constants
  kernels = 4,   // machine code for devices
  // The model that the plan was made of and the options of its build, for building it again.
  // What they consist of only the builder knows.
  model = 5,
  model_data = 6,  // tensors of the model that are no constants of the plan
};

// A reader that does not know the kind of a section may pass over it.
inline constexpr uint32_t section_optional = 1;

struct SectionEntry {
  uint32_t kind = 0;
  uint32_t flags = 0;
  uint64_t offset = 0;  // from the start of the file
  uint64_t bytes = 0;
  uint64_t checksum = 0;  // XXH3 of the section's bytes
};
static_assert(sizeof(SectionEntry) == 32);

inline constexpr std::string_view name(SectionKind kind) {
  switch (kind) {
    case SectionKind::metadata:
      return "metadata";
    case SectionKind::strings:
      return "strings";
    case SectionKind::weights:
      return "weights";
    case SectionKind::kernels:
      return "kernels";
    case SectionKind::model:
      return "model";
    case SectionKind::model_data:
      return "model data";
  }
  return "unknown";
}

// Those that a run does without.
inline constexpr bool is_optional(SectionKind kind) {
  return kind == SectionKind::model || kind == SectionKind::model_data;
}

constexpr size_t align_section(size_t offset) {
  return (offset + section_alignment - 1) / section_alignment * section_alignment;
}

}  // namespace cermet
