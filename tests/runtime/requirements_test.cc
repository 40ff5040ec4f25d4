// Engines that need what this machine or release does not have.
#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/reader.h"
#include "engine/writer.h"
#include "runtime/engine_impl.h"
#include "runtime/kernel_libraries.h"
#include "tests/support/graph_maker.h"
#include "tests/support/run_graph.h"

namespace cermet::testing {
namespace {

EngineInfo needing(std::vector<std::string> features) {
  EngineInfo info;
  info.version = CERMET_VERSION_STRING;
  info.cpu_features = std::move(features);
  return info;
}

// What is said against an engine; empty: nothing.
template <class Body>
std::string refusal(ErrorCode code, Body&& body) {
  try {
    body();
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.message();
    return error.message();
  }
}

TEST(Requirements, AProcessorWithoutTheInstructionsIsNamed) {
  CpuFeatures old;
  old.avx2 = true;
  const auto said = [&](std::vector<std::string> features) {
    return refusal(ErrorCode::device, [&] { check_processor(needing(std::move(features)), old); });
  };
  EXPECT_EQ(said({}), "");
  EXPECT_EQ(said({"avx2"}), "");
  EXPECT_EQ(said({"avx2", "avx512"}),
            "the engine needs a processor with avx512, which this one lacks. Build the engine "
            "again on this machine");
  old.avx512 = true;
  EXPECT_EQ(said({"avx2", "avx512"}), "");
  EXPECT_NE(said({"avx512_bf16"}), "");
}

Plan small_plan() {
  Graph graph;
  GraphMaker m(graph);
  m.output(m.add("Relu", {m.input("x", "float32[2]")}));
  return engine_of(graph)->impl().plan();
}

TEST(Requirements, AreCheckedWhenAnEngineLoads) {
  const std::vector<std::byte> file = engine_bytes(small_plan(), needing({"avx9000"}));
  const std::string message =
      refusal(ErrorCode::device, [&] { Engine::from_memory(std::span(file)); });
  EXPECT_NE(message.find("a processor with avx9000"), std::string::npos) << message;
}

TEST(Requirements, TacticsOfOtherReleasesAreNamed) {
  const auto said = [](auto change) {
    Plan plan = small_plan();
    change(plan.root.steps.at(0).choice);
    const std::vector<std::byte> file = engine_bytes(plan, needing({}));
    return refusal(ErrorCode::invalid_engine, [&] { Engine::from_memory(std::span(file)); });
  };
  EXPECT_NE(said([](Choice& choice) { choice.tactic = "cpu.tomorrow"; }).find("cpu.tomorrow"),
            std::string::npos);
  const std::string version = said([](Choice& choice) { choice.version = 77; });
  EXPECT_NE(version.find("uses version 77 of tactic cpu.reference"), std::string::npos) << version;
}

}  // namespace
}  // namespace cermet::testing
