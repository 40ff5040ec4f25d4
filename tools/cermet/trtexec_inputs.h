// The inputs of trtexec's runs.
#pragma once

#include <vector>

#include "cermet/engine.h"
#include "trtexec_options.h"

namespace cermet::tools::trtexec {

// One value an input, in the engine's order: the raw bytes of --loadInputs, else made up. Open
// sizes that neither --shapes nor a profile tells are 1, with a warning, as trtexec has it.
std::vector<Value> make_inputs(const Engine& engine, const Options& options);

}  // namespace cermet::tools::trtexec
