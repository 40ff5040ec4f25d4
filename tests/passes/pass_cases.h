// One graph a pass that it changes, and some that it has to leave alone.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "tests/support/graph_maker.h"

namespace cermet::testing {

struct PassCase {
  std::string_view pass;
  std::string_view name;  // what it shows; the golden file is PASS.NAME.txt
  void (*build)(GraphMaker&);
};

// The pass rewrites these. Symbolic sizes are 3 in runs.
std::span<const PassCase> firing_cases();
// The pass gives no patch for these.
std::span<const PassCase> quiet_cases();

// The same of passes that fold into attributes and weights.
std::span<const PassCase> firing_folds();
std::span<const PassCase> quiet_folds();

// The same of attention's masks and groups of heads.
std::span<const PassCase> firing_attention();
std::span<const PassCase> quiet_attention();

// The same of passes that recognise operators written out.
std::span<const PassCase> firing_patterns();
std::span<const PassCase> quiet_patterns();

// The same of the pass that merges siblings, where every step costs the same.
std::span<const PassCase> firing_siblings();
std::span<const PassCase> quiet_siblings();

// The same of passes that take out what adds nothing.
std::span<const PassCase> firing_eliminations();
std::span<const PassCase> quiet_eliminations();

// The same of passes over If, Loop and Scan.
std::span<const PassCase> firing_control();
std::span<const PassCase> quiet_control();

// The same of passes that fire for a GPU only.
std::span<const PassCase> firing_on_devices();
std::span<const PassCase> quiet_on_devices();

// The same of transposes that sink.
std::span<const PassCase> firing_transposes();
std::span<const PassCase> quiet_transposes();

// The same of heads of attention, and the reshapes that make them.
std::span<const PassCase> firing_heads();
std::span<const PassCase> quiet_heads();

}  // namespace cermet::testing
