// Random graphs on the GPU give what their nodes say. CERMET_RANDOM_GRAPHS sets how many,
// CERMET_RANDOM_SEED the first seed.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/cuda/device_engine.h"
#include "tests/cuda/emulated_card.h"
#include "tests/support/random_models/random_model.h"

namespace cermet::testing {
namespace {

uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::vector<std::vector<Value>> run_on_device(const Graph& optimised, const RandomModel& model) {
  constexpr int times = 8;  // launches, their capture, and each of the ways that are measured
  const auto engine = engine_on_device(optimised, model.graph);
  // The emulator runs branches in any order that the graphs of launches allow.
  const test::FakeCudaSettings any_order("late=1,order=1");
  return run_often(engine, model.inputs, times);
}

std::string report(uint64_t seed, const RandomModel& model, const Comparison& comparison) {
  const auto is_number = [](const Comparison& c) { return c.reason.starts_with("output "); };
  const auto compare_now = [](const RandomModel& candidate) {
    return compare(candidate, optimise_fully, run_on_device, false);
  };
  const RandomModel small = shrink(model, [&](const RandomModel& candidate) {
    const Comparison now = compare_now(candidate);
    return now.outcome == Outcome::differs && is_number(now) == is_number(comparison);
  });
  Graph optimised = small.graph;
  optimise_fully(optimised);
  return fmt::format("seed {}: {}\nthe smallest that fails ({}):\n{}optimised:\n{}plan:\n{}", seed,
                     comparison.reason, compare_now(small).reason, print(small.graph),
                     print(optimised), print(placed_plan(optimised)));
}

TEST(RandomModelsOnDevice, GiveWhatTheirNodesSay) {
  const uint64_t first = number_from("CERMET_RANDOM_SEED", 1);
  const uint64_t count = number_from("CERMET_RANDOM_GRAPHS", 40);
  uint64_t failed = 0;
  for (uint64_t seed = first; seed < first + count && failed < 5; ++seed) {
    const RandomModel model = random_model(seed);
    const Comparison comparison = compare(model, optimise_fully, run_on_device, false);
    if (comparison.outcome != Outcome::differs) continue;
    ++failed;
    ADD_FAILURE() << report(seed, model, comparison);
  }
}

}  // namespace
}  // namespace cermet::testing
