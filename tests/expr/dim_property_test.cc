// Random expressions: the normal form keeps their value, and its text reads back.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "base/error.h"
#include "expr/dim.h"

namespace cermet {
namespace {

// A size and how it was made, evaluated without any simplification.
struct Sample {
  Dim dim;
  std::function<std::optional<int64_t>(const SymbolValues&)> naive;
};

using Naive = std::optional<int64_t> (*)(int64_t, int64_t);

struct Operation {
  Dim (*symbolic)(const Dim&, const Dim&);
  Naive naive;
};

std::optional<int64_t> naive_floor(int64_t a, int64_t b) {
  if (b == 0) return std::nullopt;
  const double exact = static_cast<double>(a) / static_cast<double>(b);
  return static_cast<int64_t>(std::floor(exact));
}

std::optional<int64_t> naive_ceil(int64_t a, int64_t b) {
  if (b == 0) return std::nullopt;
  const double exact = static_cast<double>(a) / static_cast<double>(b);
  return static_cast<int64_t>(std::ceil(exact));
}

std::optional<int64_t> naive_modulo(int64_t a, int64_t b) {
  const auto quotient = naive_floor(a, b);
  if (!quotient) return std::nullopt;
  return a - b * *quotient;
}

std::optional<int64_t> naive_broadcast(int64_t a, int64_t b) {
  if (a != b && a != 1 && b != 1) return std::nullopt;
  return a == 1 ? b : a;
}

const Operation operations[] = {
    {[](const Dim& a, const Dim& b) { return a + b; },
     [](int64_t a, int64_t b) -> std::optional<int64_t> { return a + b; }},
    {[](const Dim& a, const Dim& b) { return a - b; },
     [](int64_t a, int64_t b) -> std::optional<int64_t> { return a - b; }},
    {[](const Dim& a, const Dim& b) { return a * b; },
     [](int64_t a, int64_t b) -> std::optional<int64_t> { return a * b; }},
    {[](const Dim& a, const Dim& b) { return floor_div(a, b); }, naive_floor},
    {[](const Dim& a, const Dim& b) { return ceil_div(a, b); }, naive_ceil},
    {[](const Dim& a, const Dim& b) { return modulo(a, b); }, naive_modulo},
    {[](const Dim& a, const Dim& b) { return min(a, b); },
     [](int64_t a, int64_t b) -> std::optional<int64_t> { return std::min(a, b); }},
    {[](const Dim& a, const Dim& b) { return max(a, b); },
     [](int64_t a, int64_t b) -> std::optional<int64_t> { return std::max(a, b); }},
    {[](const Dim& a, const Dim& b) { return broadcast(a, b); }, naive_broadcast},
};

const std::string names[] = {"N", "S", "a/b"};

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  int64_t integer(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }

  // Throws when the simplification finds a fault (a division by 0, constants that clash).
  Sample sample(int depth) {
    if (depth == 0 || integer(0, 5) == 0) return leaf();
    const Sample a = sample(depth - 1);
    const Sample b = sample(depth - 1);
    const Operation& operation = operations[integer(0, std::size(operations) - 1)];
    return {operation.symbolic(a.dim, b.dim),
            [=, &operation](const SymbolValues& values) -> std::optional<int64_t> {
              const auto x = a.naive(values);
              const auto y = b.naive(values);
              return x && y ? operation.naive(*x, *y) : std::nullopt;
            }};
  }

  SymbolValues values() {
    SymbolValues result;
    for (const std::string& name : names) result[name] = integer(-4, 12);
    return result;
  }

 private:
  Sample leaf() {
    if (integer(0, 2) == 0) {
      const int64_t value = integer(-3, 8);
      return {value, [=](const SymbolValues&) { return value; }};
    }
    const std::string name = names[integer(0, std::size(names) - 1)];
    return {Dim::symbol(name), [=](const SymbolValues& values) { return values.at(name); }};
  }

  std::mt19937 random_;
};

std::optional<Sample> try_sample(Generator& generator, int depth) {
  try {
    return generator.sample(depth);
  } catch (const Error&) {
    return std::nullopt;
  }
}

TEST(DimProperty, NormalFormKeepsTheValueAndReadsBack) {
  Generator generator(7);
  int compared = 0;
  for (int round = 0; round < 6000; ++round) {
    const auto sample = try_sample(generator, 1 + round % 4);
    if (!sample) continue;
    const std::string text = sample->dim.to_string();
    ASSERT_EQ(Dim::parse(text), sample->dim) << text;
    ASSERT_EQ(Dim::parse(text).to_string(), text);
    for (int i = 0; i < 4; ++i) {
      const SymbolValues values = generator.values();
      const auto expected = sample->naive(values);
      if (!expected) continue;
      ASSERT_EQ(sample->dim.evaluate(values), *expected) << text;
      ++compared;
    }
  }
  EXPECT_GT(compared, 5000);
}

TEST(DimProperty, SubstitutionAgreesWithEvaluation) {
  Generator generator(11);
  int compared = 0;
  for (int round = 0; round < 2000; ++round) {
    const auto sample = try_sample(generator, 3);
    if (!sample) continue;
    const SymbolValues values = generator.values();
    const auto expected = sample->naive(values);
    if (!expected) continue;
    std::map<std::string, Dim, std::less<>> constants;
    for (const auto& [name, value] : values) constants[name] = value;
    ASSERT_EQ(sample->dim.substitute(constants), Dim(*expected)) << sample->dim.to_string();
    ++compared;
  }
  EXPECT_GT(compared, 500);
}

TEST(DimProperty, BoundsHold) {
  Generator generator(13);
  int compared = 0;
  for (int round = 0; round < 4000; ++round) {
    const auto sample = try_sample(generator, 3);
    if (!sample) continue;
    std::map<std::string, Range, std::less<>> ranges;
    for (const std::string& name : names) {
      const int64_t low = generator.integer(-3, 6);
      ranges[name] = {low, low + generator.integer(0, 5)};
    }
    const auto range = bounds(sample->dim, ranges);
    if (!range) continue;
    for (int i = 0; i < 8; ++i) {
      SymbolValues values;
      for (const auto& [name, r] : ranges) values[name] = generator.integer(r.low, r.high);
      const auto value = sample->naive(values);
      if (!value) continue;
      ASSERT_LE(range->low, *value) << sample->dim.to_string();
      ASSERT_GE(range->high, *value) << sample->dim.to_string();
      ++compared;
    }
  }
  EXPECT_GT(compared, 5000);
}

TEST(DimProperty, ExactDivisionUndoesMultiplication) {
  Generator generator(17);
  int compared = 0;
  for (int round = 0; round < 2000; ++round) {
    const auto a = try_sample(generator, 2);
    const auto b = try_sample(generator, 2);
    if (!a || !b || b->dim.is_constant(0)) continue;
    ASSERT_EQ(exact_div(a->dim * b->dim, b->dim), a->dim)
        << a->dim.to_string() << " times " << b->dim.to_string();
    ++compared;
  }
  EXPECT_GT(compared, 1000);
}

}  // namespace
}  // namespace cermet
