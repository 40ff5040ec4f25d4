#include "engine/sections.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "engine/format.h"

namespace cermet {
namespace {

using Bytes = std::span<const std::byte>;

template <class... Args>
void expect(bool holds, fmt::format_string<Args...> text, Args&&... args) {
  require(holds, ErrorCode::invalid_engine, text, std::forward<Args>(args)...);
}

std::string producer_text(const EngineHeader& header) {
  const auto& text = header.producer;
  std::string producer(text.begin(), std::find(text.begin(), text.end(), '\0'));
  const bool printable =
      std::all_of(producer.begin(), producer.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  return printable && !producer.empty() ? producer : "of unknown version";
}

EngineHeader read_header(Bytes file) {
  EngineHeader header;
  const size_t known = std::min(file.size(), sizeof(header.magic));
  expect(known > 0 && std::memcmp(file.data(), engine_magic.data(), known) == 0,
         "this is not a Cermet engine: its first {} bytes are not those of one; build it with "
         "`cermet build`",
         sizeof(header.magic));
  expect(file.size() >= sizeof(header),
         "the file is truncated: expected a header of {} bytes, got {}; copy it again",
         sizeof(header), file.size());
  std::memcpy(&header, file.data(), sizeof(header));
  expect(header.format_version >= oldest_engine_format_version &&
             header.format_version <= engine_format_version,
         "the engine has format version {}, written by Cermet {}; this is Cermet {}, which reads "
         "format versions {} to {}; build the engine again with this release",
         header.format_version, producer_text(header), CERMET_VERSION_STRING,
         oldest_engine_format_version, engine_format_version);
  expect(header.file_bytes == file.size(),
         "the file is {}: its header says {} bytes, it has {}; copy it again",
         file.size() < header.file_bytes ? "truncated" : "altered", header.file_bytes, file.size());
  expect(header.reserved == 0, "header: reserved: expected 0, got {}", header.reserved);
  return header;
}

std::vector<SectionEntry> read_table(Bytes file, const EngineHeader& header,
                                     bool verify_checksums) {
  expect(header.section_count <= max_section_count,
         "header: section_count: expected at most {}, got {}", max_section_count,
         header.section_count);
  const size_t bytes = header.section_count * sizeof(SectionEntry);
  expect(bytes <= file.size() - sizeof(header),
         "header: section_count: {} sections need a table of {} bytes, {} follow the header",
         header.section_count, bytes, file.size() - sizeof(header));
  const Bytes table = file.subspan(sizeof(header), bytes);
  const uint64_t checksum = header_checksum(file.first(sizeof(header)), table);
  expect(!verify_checksums || checksum == header.checksum,
         "the file is altered: header and section table: expected checksum {:016x}, got {:016x}; "
         "copy it again",
         header.checksum, checksum);
  std::vector<SectionEntry> entries(header.section_count);
  if (bytes != 0) std::memcpy(entries.data(), table.data(), bytes);
  return entries;
}

// Padding is zeros of less than one alignment.
void check_padding(Bytes file, size_t begin, size_t end) {
  for (size_t at = begin; at < end; ++at)
    expect(file[at] == std::byte{0}, "the file is altered: padding at byte {}: expected 0, got {}",
           at, std::to_integer<int>(file[at]));
}

std::span<const std::byte>* section_of(Sections& sections, uint32_t kind) {
  switch (static_cast<SectionKind>(kind)) {
    case SectionKind::metadata:
      return &sections.metadata;
    case SectionKind::strings:
      return &sections.strings;
    case SectionKind::weights:
      return &sections.weights;
    case SectionKind::kernels:
      return &sections.kernels;
    case SectionKind::model:
      return &sections.model;
    case SectionKind::model_data:
      return &sections.model_data;
  }
  return nullptr;
}

std::string entry_name(const SectionEntry& entry, size_t index) {
  const std::string_view kind = name(static_cast<SectionKind>(entry.kind));
  return fmt::format("section {} ({})", index,
                     kind == "unknown" ? fmt::format("kind {}", entry.kind) : std::string(kind));
}

void check_checksum(Bytes file, const SectionEntry& entry) {
  const uint64_t checksum = hash_bytes(file.data() + entry.offset, entry.bytes);
  expect(checksum == entry.checksum,
         "the file is altered: expected checksum {:016x}, got {:016x}; copy it again",
         entry.checksum, checksum);
}

void check_place(Bytes file, const SectionEntry& entry, size_t previous_end) {
  const size_t expected = align_section(previous_end);
  expect(entry.offset == expected, "offset: expected {}, got {}", expected, entry.offset);
  expect(entry.offset <= file.size() && entry.bytes <= file.size() - entry.offset,
         "bytes: expected at most {}, got {}",
         file.size() - std::min<uint64_t>(file.size(), entry.offset), entry.bytes);
  check_padding(file, previous_end, entry.offset);
}

SectionKind kind_of(const SectionEntry& entry) { return static_cast<SectionKind>(entry.kind); }

// Who verifies a section later; nullptr: it is verified at once.
std::function<void()>* verifier_of(Sections& sections, SectionKind kind) {
  if (kind == SectionKind::weights) return &sections.verify_weights;
  return is_optional(kind) ? &sections.verify_model : nullptr;
}

// Puts the check of a section behind those that are there.
void verify_later(Bytes file, const SectionEntry& entry, size_t index,
                  std::function<void()>& verifier) {
  verifier = [file, entry, index, before = std::move(verifier)] {
    if (before) before();
    with_context([&] { return entry_name(entry, index); }, [&] { check_checksum(file, entry); });
  };
}

void place_section(Bytes file, const SectionEntry& entry, Sections& sections,
                   uint32_t& kinds_seen) {
  Bytes* place = section_of(sections, entry.kind);
  if (place == nullptr) {
    expect(entry.flags == section_optional,
           "flags: expected {} (optional) since this release, Cermet {}, does not know the kind, "
           "got {}; build the engine again with this release",
           section_optional, CERMET_VERSION_STRING, entry.flags);
    return;
  }
  const uint32_t flags = is_optional(kind_of(entry)) ? section_optional : 0;
  expect(entry.flags == flags, "flags: expected {}, got {}", flags, entry.flags);
  const uint32_t bit = 1u << entry.kind;
  expect((kinds_seen & bit) == 0, "expected one section of this kind, got another");
  kinds_seen |= bit;
  *place = file.subspan(entry.offset, entry.bytes);
}

}  // namespace

uint64_t header_checksum(Bytes header, Bytes table) {
  const uint64_t seed = hash_bytes(header.data(), offsetof(EngineHeader, checksum));
  return hash_bytes(table.data(), table.size(), seed);
}

size_t end_of_plan(Bytes file) {
  const EngineHeader header = read_header(file);
  size_t end = file.size();
  for (const SectionEntry& entry : read_table(file, header, false))
    if (is_optional(kind_of(entry))) end = std::min<size_t>(end, entry.offset);
  return end;
}

Sections read_sections(Bytes file, bool verify_checksums) {
  const EngineHeader header = read_header(file);
  const auto entries = read_table(file, header, verify_checksums);
  Sections sections;
  uint32_t kinds_seen = 0;
  size_t end = sizeof(header) + entries.size() * sizeof(SectionEntry);
  for (size_t i = 0; i < entries.size(); ++i) {
    const SectionEntry& entry = entries[i];
    std::function<void()>* const verifier = verifier_of(sections, kind_of(entry));
    with_context([&] { return entry_name(entry, i); },
                 [&] {
                   check_place(file, entry, end);
                   if (verify_checksums && verifier == nullptr) check_checksum(file, entry);
                   place_section(file, entry, sections, kinds_seen);
                 });
    if (verify_checksums && verifier != nullptr) verify_later(file, entry, i, *verifier);
    end = entry.offset + entry.bytes;
  }
  expect(end == file.size(), "header: file_bytes: the sections end at byte {}, the file at {}", end,
         file.size());
  expect((kinds_seen & 1u << static_cast<uint32_t>(SectionKind::metadata)) != 0,
         "section_count: expected a metadata section among {}, got none", entries.size());
  return sections;
}

}  // namespace cermet
