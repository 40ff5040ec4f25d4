// The fuzzer's corpus, files that once did harm among it, read without a fuzzer.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "engine/reader.h"
#include "tests/support/bad_input.h"

namespace cermet {
namespace {

TEST(EngineCorpus, IsReadOrRefused) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/fuzz/corpus/engine")) {
    const std::string contents = read_file(entry.path());
    try {
      read_engine(bytes_of(contents), {.verify_checksums = false});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_engine) << entry.path() << error.message();
    }
    ++files;
  }
  EXPECT_GT(files, 0u);
}

// Those that load run too, or say why not.
TEST(EngineCorpus, RunsOrIsRefused) {
  size_t run = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/fuzz/corpus/engine")) {
    const std::string contents = read_file(entry.path());
    SCOPED_TRACE(entry.path());
    const auto bytes = bytes_of(contents);
    run += testing::run_bad_engine({bytes.begin(), bytes.end()}) == testing::Outcome::accepted;
  }
  EXPECT_GT(run, 10u);
}

// Files of this format version stay readable.
TEST(EngineCorpus, WrittenFilesLoadWithChecksums) {
  for (const std::string name :
       {"empty", "every_field", "device", "device_steps", "two_plans", "with_model"}) {
    const std::string path = "tests/fuzz/corpus/engine/" + name + ".engine";
    EXPECT_NO_THROW(read_engine(std::make_shared<MappedFile>(path))) << path;
  }
}

}  // namespace
}  // namespace cermet
