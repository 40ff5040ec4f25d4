// The fuzzer's models and seeded mutants of them, imported without a fuzzer.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "base/error.h"
#include "base/file.h"
#include "import/onnx/importer.h"

namespace cermet {
namespace {

constexpr int mutants_per_file = 1000;

// Whether the bytes are a model that can be imported; what they are not may never be a bug.
bool imports(const std::string& bytes, const std::string& what) {
  try {
    onnx::import_model(onnx::read_model(bytes, ""));
    return true;
  } catch (const Error& error) {
    EXPECT_NE(error.code(), ErrorCode::internal) << what << ": " << error.message();
    return false;
  }
}

std::string mutant_of(std::string bytes, std::mt19937& random) {
  for (size_t flips = 1 + random() % 4; flips > 0; --flips)
    bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
  return bytes;
}

TEST(OnnxCorpus, MutantsImportOrAreRefused) {
  size_t files = 0, good = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/fuzz/corpus/onnx")) {
    const std::string bytes = read_file(entry.path());
    good += imports(bytes, entry.path());
    std::mt19937 random(static_cast<uint32_t>(bytes.size()));
    for (int i = 0; i < mutants_per_file; ++i)
      imports(mutant_of(bytes, random), fmt::format("{}, mutant {}", entry.path().string(), i));
    ++files;
  }
  EXPECT_GT(files, good);  // some are malformed
  EXPECT_GT(good, 5u);
}

}  // namespace
}  // namespace cermet
