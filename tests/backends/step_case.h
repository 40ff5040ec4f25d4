// One step of a plan with its operands, to run a kernel on it and compare with the reference.
#pragma once

#include <string>
#include <vector>

#include "base/attributes.h"
#include "plan/kernel.h"

namespace cermet::test {

struct StepInput {
  Shape shape;
  bool constant = false;
  Layout layout;
};

// Inputs from epilogue_first on are the epilogue's.
struct StepCase {
  ProblemKind kind = ProblemKind::reference;
  std::string op;
  Attributes attributes;
  std::vector<StepInput> inputs;
  ScalarExpr epilogue;
  size_t epilogue_first = 0;
  Layout output_layout;
  bool in_place = false;  // as the tactic allows, if it does
  // Constants lie as a build would pack them.
  bool packed = false;
  // Input 1 lies in this form of the kernel's, under these strides.
  std::string form;
  Layout form_layout;
};

// The largest error of the kernel of `tactic`, relative to the larger of 1 and the expected value;
// infinite where either is NaN and the other not. Throws Error when the tactic rejects the step.
// `description` receives what ran.
double worst_error(const StepCase& step_case, std::string_view tactic,
                   std::string* description = nullptr);

// Why the tactic rejects the step; empty when it takes it.
std::string rejection(const StepCase& step_case, std::string_view tactic);

}  // namespace cermet::test
