// Random graphs in 16 bits, optimised and not: near to what they give in float32.
// CERMET_RANDOM_GRAPHS sets how many, CERMET_RANDOM_SEED the first seed.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "precision/precision.h"
#include "tests/support/random_models/random_model.h"

namespace cermet::testing {
namespace {

uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Part of the elements that are far from what they should be.
double far_off(const Value& expected, const Value& got, double error) {
  if (expected.kind != Value::Kind::tensor) return 0;
  const Tensor &a = expected.tensor, &b = got.tensor;
  EXPECT_EQ(a.type(), b.type());
  if (a.shape() != b.shape()) return 1;
  if (!is_floating(a.type()) || a.elements() == 0) return difference(expected, got, 0, 0) ? 1 : 0;
  const std::vector<double> x = load_all<double>(a.view()), y = load_all<double>(b.view());
  double largest = 1;
  for (double number : x)
    if (std::isfinite(number)) largest = std::max(largest, std::abs(number));
  size_t wrong = 0;
  for (size_t i = 0; i < x.size(); ++i)
    wrong += std::isfinite(x[i]) && !(std::abs(x[i] - y[i]) <= error * largest);
  return static_cast<double>(wrong) / static_cast<double>(x.size());
}

struct Tally {
  int compared = 0, far = 0, narrow = 0;
};

bool has_narrow_values(const Graph& graph, ElementType type) {
  for (size_t i = 0; i < graph.value_count(); ++i)
    if (graph.type(static_cast<ValueId>(i)).element == type) return true;
  return false;
}

void compare_one(uint64_t seed, ElementType type, bool passes, Tally& tally) {
  const RandomModel model = random_model(seed);
  std::vector<Value> expected, again;  // they differ where numbers are drawn
  try {
    expected = interpret(model.graph, model.inputs);
    again = interpret(model.graph, model.inputs);
  } catch (const Error&) {
    return;
  }
  Graph graph = model.graph;
  if (passes) optimise_fully(graph);
  const bool before = has_narrow_values(graph, type);
  std::vector<Value> got;
  try {
    lower_precision(graph, type);
    verify(graph);
    const auto engine = engine_of(graph);
    tally.narrow += !before && has_narrow_values(graph, type);
    try {
      got = run_engine(engine, model.inputs);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::runtime) throw;
      ++tally.compared;
      ++tally.far;  // an index that was computed is another one
      return;
    }
  } catch (const Error& error) {
    ADD_FAILURE() << "seed " << seed << ": " << error.what() << "\n" << print(model.graph);
    return;
  }
  const double error = 64 * spacing(type);
  for (size_t i = 0; i < expected.size(); ++i) {
    if (difference(expected[i], again[i], 0, 0)) continue;
    ++tally.compared;
    const bool far = far_off(expected[i], got[i], error) > 0;
    tally.far += far;
    if (far && std::getenv("CERMET_SHOW_FAR") != nullptr)
      std::printf("seed %d output %zu: %s\n%s\n", static_cast<int>(seed), i,
                  difference(expected[i], got[i], error, error).value_or("?").c_str(),
                  print(graph).c_str());
  }
}

// Rounded numbers may fall to the other side of a comparison or a floor, and differences of large
// numbers show the rounding of these: a few results may be far off.
void compare_all(ElementType type) {
  const uint64_t first = number_from("CERMET_RANDOM_SEED", 1);
  const uint64_t count = number_from("CERMET_RANDOM_GRAPHS", 1000);
  Tally tally;
  for (uint64_t seed = first; seed < first + count; ++seed)
    for (const bool passes : {false, true}) compare_one(seed, type, passes, tally);
  EXPECT_LE(tally.far, tally.compared / 1000) << "of " << tally.compared;
  EXPECT_GE(tally.narrow, static_cast<int>(count / 10));
}

TEST(RandomPrecision, Float16StaysNear) { compare_all(ElementType::float16); }
TEST(RandomPrecision, Bfloat16StaysNear) { compare_all(ElementType::bfloat16); }

}  // namespace
}  // namespace cermet::testing
