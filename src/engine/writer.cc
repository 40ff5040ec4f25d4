#include "engine/writer.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "engine/check_plan.h"
#include "engine/format.h"
#include "engine/sections.h"
#include "engine/writer_metadata.h"

namespace cermet {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::array<std::byte, section_alignment> zeros{};

template <class T>
Bytes bytes_of_object(const T& object) {
  return std::as_bytes(std::span(&object, 1));
}

// The file as pieces that view the plan's constants and what it owns itself. Stays in place.
class EngineFile {
 public:
  EngineFile(const Plan& plan, const EngineInfo& info, const EngineImage* on_cpu,
             const StoredModel& model)
      : constants_(place_constants(plan, on_cpu == nullptr ? nullptr : &on_cpu->plan)),
        kernels_(place_kernels(plan.modules)),
        metadata_(encode_metadata(plan, info, on_cpu, constants_.places, kernels_)),
        table_(3 + (plan.modules.empty() ? 0 : 1) + (model.empty() ? 0 : 2)) {
    const Bytes metadata = std::as_bytes(std::span(metadata_.data(), metadata_.size()));
    pieces_.resize(1);  // the header
    pieces_.emplace_back(std::as_bytes(std::span(table_)));
    end_ = sizeof(header_) + table_.size() * sizeof(SectionEntry);
    add_section(SectionKind::metadata, {&metadata, 1});
    const Bytes strings = bytes_of(constants_.strings);
    add_section(SectionKind::strings, {&strings, 1});
    add_section(SectionKind::weights, constants_.weights);
    if (!plan.modules.empty()) add_section(SectionKind::kernels, kernels_.pieces);
    if (!model.empty()) {  // last, for a run stops reading before it
      add_section(SectionKind::model, {&model.description, 1});
      add_section(SectionKind::model_data, model.data);
    }
    finish_header();
  }
  EngineFile(const EngineFile&) = delete;
  EngineFile& operator=(const EngineFile&) = delete;

  std::span<const Bytes> pieces() const { return pieces_; }
  size_t bytes() const { return end_; }

 private:
  void add_section(SectionKind kind, std::span<const Bytes> pieces) {
    SectionEntry& entry = table_[section_count_++];
    entry.kind = static_cast<uint32_t>(kind);
    entry.flags = is_optional(kind) ? section_optional : 0;
    entry.offset = align_section(end_);
    if (entry.offset != end_) pieces_.push_back(Bytes(zeros).first(entry.offset - end_));
    StreamHash hash;
    for (const Bytes piece : pieces) {
      hash.add(piece.data(), piece.size());
      entry.bytes += piece.size();
      pieces_.push_back(piece);
    }
    entry.checksum = hash.value();
    end_ = entry.offset + entry.bytes;
  }

  void finish_header() {
    const std::string_view producer = CERMET_VERSION_STRING;
    header_.section_count = section_count_;
    header_.file_bytes = end_;
    std::copy_n(producer.begin(), std::min(producer.size(), header_.producer.size()),
                header_.producer.begin());
    header_.checksum = header_checksum(bytes_of_object(header_), std::as_bytes(std::span(table_)));
    pieces_[0] = bytes_of_object(header_);
  }

  PlacedConstants constants_;
  PlacedKernels kernels_;
  flatbuffers::DetachedBuffer metadata_;
  EngineHeader header_;
  std::vector<SectionEntry> table_;
  uint32_t section_count_ = 0;
  std::vector<Bytes> pieces_;
  size_t end_ = 0;
};

void check(const Plan& plan) {
  try {
    check_plan(plan);
  } catch (const Error& error) {
    fail(ErrorCode::internal, "writing the engine: {}", error.message());
  }
}

std::vector<std::byte> bytes_of_file(const EngineFile& file) {
  std::vector<std::byte> bytes;
  bytes.reserve(file.bytes());
  for (const Bytes piece : file.pieces()) bytes.insert(bytes.end(), piece.begin(), piece.end());
  return bytes;
}

}  // namespace

std::vector<std::byte> engine_bytes(const EngineImage& image) {
  check(image.plan);
  if (image.on_cpu) check(image.on_cpu->plan);
  return bytes_of_file(EngineFile(image.plan, image.info, image.on_cpu.get(), image.model));
}

std::vector<std::byte> engine_bytes(const Plan& plan, const EngineInfo& info) {
  check(plan);
  return bytes_of_file(EngineFile(plan, info, nullptr, {}));
}

void write_engine(const Plan& plan, const EngineInfo& info, const std::string& path) {
  check(plan);
  const EngineFile file(plan, info, nullptr, {});
  write_file_atomically(path, file.pieces());
}

}  // namespace cermet
