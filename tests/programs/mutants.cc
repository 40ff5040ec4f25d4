// usage: test_mutants FOLDER COUNT SEED [FIRST]
//
// Makes mutants of the .onnx and .engine files below FOLDER and of the engines that the models
// become, and builds engines of them, or loads and runs them. Mutant N depends on the files, SEED
// and N alone, so that FIRST = N and COUNT = 1 show one again. Prints a line before each, so that
// the last line names the one that ended the process: by a crash, by a sanitizer, or by the alarm
// after 20 s.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/bad_input.h"
#include "tests/support/mutate.h"

namespace {

using namespace cermet;
using testing::Outcome;

constexpr unsigned most_seconds = 20;
constexpr uintmax_t largest_file = 8 << 20;  // of a model; larger ones take too long by far

std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const auto ending = entry.path().extension();
    if (ending != ".onnx" && ending != ".engine") continue;
    if (entry.file_size() > largest_file)
      fmt::print("left out: {} is too large\n", entry.path().string());
    else
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

struct File {
  std::string name, bytes;
  bool is_engine;
};

// A model as it is or, where it can be built, as the engine that it becomes.
File load(const std::string& path, bool as_engine) {
  File file{path, read_file(path), path.ends_with(".engine")};
  std::vector<std::byte> engine;
  if (file.is_engine || !as_engine ||
      testing::build_bad_model(file.bytes, &engine) == Outcome::refused)
    return file;
  const auto* text = reinterpret_cast<const char*>(engine.data());
  return {path + ", its engine", std::string(text, engine.size()), true};
}

Outcome outcome_of(const File& file, const std::string& bytes) {
  if (!file.is_engine) return testing::build_bad_model(bytes);
  const auto span = bytes_of(bytes);
  return testing::run_bad_engine({span.begin(), span.end()});
}

// Counts of one run.
struct Counts {
  size_t refused = 0, accepted = 0, bugs = 0;
};

void try_mutant(const std::vector<std::string>& files, uint64_t seed, size_t number,
                Counts& counts) {
  std::seed_seq sequence{seed, uint64_t{number}};
  std::mt19937_64 random(sequence);
  const File file = load(files[number % files.size()], random() % 2 == 0);
  const std::string other = read_file(files[random() % files.size()]);
  const auto mutant = testing::mutant_of(file.bytes, other, random);
  fmt::print("mutant {}: {} of {}\n", number, mutant.kind, file.name);
  std::fflush(stdout);
  if (const char* kept = std::getenv("CERMET_KEEP_MUTANT"))
    write_file_atomically(kept, mutant.bytes);
  ::alarm(most_seconds);
  try {
    ++(outcome_of(file, mutant.bytes) == Outcome::accepted ? counts.accepted : counts.refused);
  } catch (const std::exception& error) {
    ++counts.bugs;
    fmt::print("BUG: {}\n", error.what());
  }
  ::alarm(0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    fmt::print(stderr, "usage: test_mutants FOLDER COUNT SEED [FIRST]\n");
    return 2;
  }
  const std::vector<std::string> files = files_below(argv[1]);
  if (files.empty()) {
    fmt::print(stderr, "no .onnx or .engine file below {}\n", argv[1]);
    return 2;
  }
  const size_t count = std::strtoull(argv[2], nullptr, 10);
  const uint64_t seed = std::strtoull(argv[3], nullptr, 10);
  const size_t first = argc == 5 ? std::strtoull(argv[4], nullptr, 10) : 0;
  Counts counts;
  for (size_t number = first; number < first + count; ++number)
    try_mutant(files, seed, number, counts);
  fmt::print("{} mutants of {} files: {} refused, {} built or run, {} bugs\n", count, files.size(),
             counts.refused, counts.accepted, counts.bugs);
  return counts.bugs == 0 ? 0 : 1;
}
