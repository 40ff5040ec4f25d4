// What a validation's outcome depends on beside the kernel and its problem.
#pragma once

#include <string>

#include "ir/graph.h"
#include "plan/plan.h"

namespace cermet {

// The model as it was imported: operators, names, constants.
uint64_t digest_of(const Graph& graph);

// "model 0123456789abcdef step 0123456789abcdef": the model, the values of it that the step reads
// and gives, and the step's constants as passes left them.
std::string digest_of(uint64_t model, const Plan& plan, const Step& step);

}  // namespace cermet
