#include "tests/support/seal_engine.h"

#include <cstring>
#include <span>

#include "base/hash.h"
#include "engine/format.h"
#include "engine/sections.h"

namespace cermet::testing {

void seal_engine(std::vector<std::byte>& file) {
  EngineHeader header;
  if (file.size() < sizeof(header)) return;
  std::memcpy(&header, file.data(), sizeof(header));
  const std::span<std::byte> rest = std::span(file).subspan(sizeof(header));
  if (header.section_count > rest.size() / sizeof(SectionEntry)) return;
  const std::span<std::byte> table = rest.first(header.section_count * sizeof(SectionEntry));
  for (size_t at = 0; at < table.size(); at += sizeof(SectionEntry)) {
    SectionEntry entry;
    std::memcpy(&entry, table.data() + at, sizeof(entry));
    if (entry.offset <= file.size() && entry.bytes <= file.size() - entry.offset)
      entry.checksum = hash_bytes(file.data() + entry.offset, entry.bytes);
    std::memcpy(table.data() + at, &entry, sizeof(entry));
  }
  header.file_bytes = file.size();
  header.checksum = header_checksum(std::as_bytes(std::span(&header, 1)), table);
  std::memcpy(file.data(), &header, sizeof(header));
}

}  // namespace cermet::testing
