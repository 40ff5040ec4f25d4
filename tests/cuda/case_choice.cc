#include "tests/cuda/case_choice.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/hash.h"

namespace cermet::testing {
namespace {

std::string_view environment(const char* name) {
  const char* given = std::getenv(name);
  return given != nullptr ? given : "";
}

std::string_view kind_of(const Dim& size) {
  if (!size.is_constant()) return "a symbol";
  const int64_t value = size.constant();
  if (value < 2) return value == 0 ? "0" : "1";
  if (value % 8 == 0) return "a multiple of 8";
  return value % 2 == 0 ? "even" : "odd";
}

std::string current_test() {
  const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
  return test != nullptr ? fmt::format("{}.{}", test->test_suite_name(), test->name()) : "";
}

}  // namespace

bool is_thorough() {
  const std::string_view given = environment("CERMET_THOROUGH");
  return !given.empty() && given != "0";
}

bool is_pairwise() { return environment("CERMET_CASES") == "pairs" && !is_thorough(); }

uint64_t hash_of(const Plan& plan) { return hash_bytes(plan.root.steps[0].problem.to_string()); }

std::vector<std::string> properties_of(const Problem& problem, std::string_view tactic) {
  std::vector<std::string> properties{std::string(tactic)};
  const auto add = [&](size_t i, const Operand& operand) {
    const std::string prefix = fmt::format("input {} ", i);
    properties.push_back(prefix +
                         operand.type.to_string().substr(0, operand.type.to_string().find('[')));
    properties.push_back(prefix + operand.layout.to_string());
    if (operand.constant) properties.push_back(prefix + "constant");
    if (!operand.type.has_rank()) return;
    for (size_t d = 0; d < operand.type.dims->size(); ++d)
      properties.push_back(fmt::format("{}{} {}", prefix, d, kind_of((*operand.type.dims)[d])));
  };
  for (size_t i = 0; i < problem.inputs.size(); ++i)
    if (problem.inputs[i])
      add(i, *problem.inputs[i]);
    else
      properties.push_back(fmt::format("no input {}", i));
  for (const auto& [name, value] : problem.attributes.all()) {
    Attributes one;
    one.set(name, value);
    properties.push_back(one.to_string());
  }
  if (!problem.expression.empty()) properties.push_back(problem.expression.to_string());
  return properties;
}

bool CoveredPairs::add(const std::vector<std::string>& properties, Partners partners) {
  bool fresh = false;
  for (size_t i = 0; i < properties.size(); ++i)
    for (size_t j = 0; j <= (partners == Partners::all ? i : 0); ++j)
      fresh |= pairs_.insert(properties[j] + '\n' + properties[i]).second;
  return fresh;
}

bool brings_a_pair(const Plan& plan, std::string_view tactic, bool symbols) {
  static std::string test;
  static CoveredPairs covered;
  if (std::string now = current_test(); now != test) {
    test = std::move(now);
    covered = {};
  }
  return covered.add(properties_of(plan.root.steps[0].problem, tactic),
                     symbols ? CoveredPairs::Partners::first : CoveredPairs::Partners::all);
}

std::vector<std::string> picked(std::vector<std::string> configurations, const Plan& plan) {
  if (is_thorough() || configurations.size() < 2) return configurations;
  return {configurations[hash_of(plan) % configurations.size()]};
}

}  // namespace cermet::testing
