// Which cases of the GPU's tests run, and with which configurations: each costs a kernel, and
// compiling kernels is nearly all the time that these tests take.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.h"

namespace cermet::testing {

// CERMET_THOROUGH=1: every case with every configuration.
bool is_thorough();
// CERMET_CASES=pairs, unless thorough: a case runs only if it has two properties together that no
// earlier case of the same test had.
bool is_pairwise();

// The properties of a step by itself: first its tactic, then each input's type, layout, constancy
// and kinds of sizes (0, 1, multiples of 8, other even and odd numbers, symbols), each attribute,
// the expression.
std::vector<std::string> properties_of(const Problem& problem, std::string_view tactic);

// Pairs of properties that cases had.
class CoveredPairs {
 public:
  // Whether two of the properties are new together, for `first` one of them being the first; they
  // no longer are after that.
  enum class Partners : uint8_t { first, all };
  bool add(const std::vector<std::string>& properties, Partners partners);

 private:
  std::set<std::string> pairs_;
};

// Whether the case brings something to the test that runs now. With symbols it is enough that each
// property comes once with each tactic.
bool brings_a_pair(const Plan& plan, std::string_view tactic, bool symbols);

// Of the configurations one, as the problem's text has it: all have their turn over the cases of a
// tactic. All of them where thorough.
std::vector<std::string> picked(std::vector<std::string> configurations, const Plan& plan);

uint64_t hash_of(const Plan& plan);

}  // namespace cermet::testing
