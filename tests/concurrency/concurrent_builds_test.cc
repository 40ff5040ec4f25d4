// Builds that run at once know nothing of each other: each gives the bytes that it gives alone.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/file.h"
#include "cermet/builder.h"

namespace cermet {
namespace {

const char* const models[] = {"examples/digits/digits.onnx",
                              "tests/fuzz/corpus/onnx/control_flow.onnx"};

BuildOptions one_thread() {
  BuildOptions options;
  options.threads = 1;
  options.tuning_budget = 0;
  options.disabled_tactics = {"onednn."};
  return options;
}

TEST(ConcurrentBuilds, GiveTheSameBytesAsAlone) {
  std::vector<std::vector<std::byte>> alone;
  for (const char* model : models) alone.push_back(build_engine(model, one_thread()));
  std::atomic<int> different = 0;
  std::vector<std::thread> builds;
  for (size_t build = 0; build < 4; ++build)
    builds.emplace_back([&, which = build % std::size(models)] {
      different += build_engine(models[which], one_thread()) != alone[which];
    });
  for (std::thread& build : builds) build.join();
  EXPECT_EQ(different, 0);
}

// An engine that is replaced again and again is whole whenever it is loaded.
TEST(ConcurrentBuilds, OfOneFileLeaveItWhole) {
  const auto folder =
      std::filesystem::temp_directory_path() /
      ("cermet_builds_" + std::to_string(std::hash<std::thread::id>{}(std::this_thread::get_id())));
  std::filesystem::create_directories(folder);
  const std::string path = folder / "engine";
  build_engine_file(models[0], path, one_thread());
  std::vector<std::thread> builds;
  for (const char* model : models)
    builds.emplace_back([&, model] { build_engine_file(model, path, one_thread()); });
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(Engine::load(path)->inputs().empty());
  for (std::thread& build : builds) build.join();
  EXPECT_FALSE(Engine::load(path)->inputs().empty());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace cermet
