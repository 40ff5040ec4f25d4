// Files that are truncated, altered, foreign or of another version get an error, never a crash.
#include <gtest/gtest.h>

#include <cstring>
#include <future>

#include "base/error.h"
#include "engine/format.h"
#include "engine/reader.h"
#include "engine/sections.h"
#include "engine/writer.h"
#include "tests/engine/sample_plan.h"
#include "tests/support/seal_engine.h"

namespace cermet {
namespace {

using File = std::vector<std::byte>;

File sample_file() {
  const EngineImage image = sample_image();
  return engine_bytes(image.plan, image.info);
}

// All kinds of sections.
File full_file() { return engine_bytes(two_plans_image()); }

// The message of the error; empty when there was none.
std::string message_of(std::span<const std::byte> file,
                       ReadOptions options = {.verify_model = true}) {
  try {
    read_engine(file, options);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_engine) << error.message();
    return error.message();
  }
}

void expect_message(const File& file, std::string_view part) {
  const std::string message = message_of(file);
  EXPECT_NE(message.find(part), std::string::npos) << message;
}

template <class T>
T read_at(const File& file, size_t offset) {
  T value;
  std::memcpy(&value, file.data() + offset, sizeof(value));
  return value;
}

template <class T>
void write_at(File& file, size_t offset, const T& value) {
  std::memcpy(file.data() + offset, &value, sizeof(value));
}

SectionEntry entry_of(const File& file, size_t index) {
  return read_at<SectionEntry>(file, sizeof(EngineHeader) + index * sizeof(SectionEntry));
}
void set_entry(File& file, size_t index, const SectionEntry& entry) {
  write_at(file, sizeof(EngineHeader) + index * sizeof(SectionEntry), entry);
}

TEST(EngineDamage, EveryAlteredByteIsNoticed) {
  for (const File& good : {sample_file(), full_file()}) {
    ASSERT_EQ(message_of(good), "");
    File file = good;
    for (size_t i = 0; i < file.size(); ++i) {
      for (const int mask : {0x01, 0x80, 0xff}) {
        file[i] ^= std::byte(mask);
        EXPECT_NE(message_of(file), "") << "byte " << i << " ^ " << mask;
        file[i] = good[i];
      }
    }
  }
}

// Runs do not read it, and do not wait for its checksum.
TEST(EngineDamage, AlteredModelsAreNoticedWhereTheyAreWanted) {
  File file = full_file();
  file.back() ^= std::byte{1};
  EXPECT_EQ(message_of(file, {}), "");
  expect_message(file, "section 5 (model data): the file is altered");
}

TEST(EngineDamage, EveryTruncationIsNoticed) {
  const File whole = full_file();
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(message_of(std::span(whole).first(size)), "") << size;
  const File file = sample_file();
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_NE(message_of(std::span(file).first(size)), "") << size;
  File longer = file;
  longer.push_back(std::byte{0});
  expect_message(longer, "the file is altered: its header says");
}

// Who asks for it reads the plan before the weights are verified, and is told of them then.
TEST(EngineDamage, AlteredWeightsAreNoticedWhereTheyAreVerifiedLate) {
  const File good = sample_file();
  std::future<void> weights;
  EXPECT_EQ(message_of(good, {.weights = &weights}), "");
  EXPECT_NO_THROW(weights.get());
  size_t late = 0;
  for (size_t i = 0; i < good.size(); ++i) {
    File file = good;
    file[i] ^= std::byte(0x10);
    std::future<void> verified;
    if (!message_of(file, {.weights = &verified}).empty()) continue;
    ++late;
    try {
      verified.get();
      ADD_FAILURE() << "byte " << i;
    } catch (const Error& error) {
      EXPECT_NE(error.message().find("(weights)"), std::string::npos) << error.message();
    }
  }
  EXPECT_GT(late, 0);
}

// Behind the checksums a change may be legal, but nothing crashes.
TEST(EngineDamage, AlteredBytesBehindChecksums) {
  for (const File& good : {sample_file(), full_file()}) {
    File file = good;
    size_t refused = 0;
    for (size_t i = 0; i < file.size(); ++i) {
      for (const int mask : {0x01, 0x02, 0x10, 0x80, 0xff}) {
        file[i] ^= std::byte(mask);
        refused += !message_of(file, {.verify_checksums = false}).empty();
        file[i] = good[i];
      }
    }
    EXPECT_GT(refused, file.size());
  }
}

TEST(EngineDamage, TruncationNamesBothSizes) {
  const File file = sample_file();
  const std::string message = message_of(std::span(file).first(file.size() - 5));
  EXPECT_NE(message.find("truncated"), std::string::npos) << message;
  EXPECT_NE(message.find(std::to_string(file.size())), std::string::npos) << message;
  EXPECT_NE(message.find(std::to_string(file.size() - 5)), std::string::npos) << message;
}

TEST(EngineDamage, ForeignFiles) {
  const std::string_view png =
      "\x89PNG\r\n\x1a\n and more than a header, sixty-four bytes at least";
  const std::string_view text = "this is a text";
  for (const std::string_view foreign : {png, text}) {
    const std::string message = message_of(bytes_of(foreign));
    EXPECT_NE(message.find("not a Cermet engine"), std::string::npos) << message;
  }
  EXPECT_NE(message_of({}).find("not a Cermet engine"), std::string::npos);
  EXPECT_NE(message_of(File(4096)).find("not a Cermet engine"), std::string::npos);
}

TEST(EngineDamage, OtherVersionNamesBoth) {
  File file = sample_file();
  auto header = read_at<EngineHeader>(file, 0);
  header.format_version = 3;
  std::memcpy(header.producer.data(), "7.8.9", 6);
  write_at(file, 0, header);
  expect_message(file, "format version 3, written by Cermet 7.8.9; this is Cermet " +
                           std::string(CERMET_VERSION_STRING) +
                           ", which reads format versions 1 to 2");
}

TEST(EngineDamage, SectionsOutOfPlace) {
  const auto expect_entry_error = [](auto change, std::string_view part) {
    File file = sample_file();
    SectionEntry entry = entry_of(file, 1);
    change(entry);
    set_entry(file, 1, entry);
    testing::seal_engine(file);
    expect_message(file, part);
  };
  expect_entry_error([](auto& e) { e.offset += 64; }, "section 1 (strings): offset: expected");
  expect_entry_error([](auto& e) { e.offset = UINT64_MAX - 63; }, "section 1 (strings): offset");
  expect_entry_error([](auto& e) { e.bytes = UINT64_MAX - 8; }, "bytes: expected at most");
  expect_entry_error([](auto& e) { e.flags = 1; }, "flags: expected 0, got 1");
  expect_entry_error([](auto& e) { e.kind = 1; }, "expected one section of this kind");
  expect_entry_error([](auto& e) { e.kind = 9; }, "section 1 (kind 9): flags: expected 1");
}

TEST(EngineDamage, UnknownOptionalSectionIsPassedOver) {
  const EngineImage empty;
  File file = engine_bytes(empty.plan, empty.info);
  SectionEntry entry = entry_of(file, 1);
  entry.kind = 77;
  entry.flags = section_optional;
  set_entry(file, 1, entry);
  testing::seal_engine(file);
  EXPECT_EQ(message_of(file), "");
}

TEST(EngineDamage, TheModelIsOptionalAndSaysSo) {
  File file = full_file();
  SectionEntry entry = entry_of(file, 4);
  ASSERT_EQ(entry.kind, static_cast<uint32_t>(SectionKind::model));
  EXPECT_EQ(entry.flags, section_optional);
  entry.flags = 0;
  set_entry(file, 4, entry);
  testing::seal_engine(file);
  expect_message(file, "section 4 (model): flags: expected 1, got 0");
}

TEST(EngineDamage, MissingMetadata) {
  File file = sample_file();
  file.resize(sizeof(EngineHeader));
  auto header = read_at<EngineHeader>(file, 0);
  header.section_count = 0;
  write_at(file, 0, header);
  testing::seal_engine(file);
  expect_message(file, "expected a metadata section");
}

}  // namespace
}  // namespace cermet
