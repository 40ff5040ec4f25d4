// Compiles kernels of a device by all threads of the machine before they are needed one by one.
#pragma once

#include <chrono>
#include <span>
#include <string>

#include "tactics/tactic.h"

namespace cermet {

struct CompileJob {
  const Step* step = nullptr;
  const Tactic* tactic = nullptr;
  std::string configuration;
};

// Jobs in their order, none begun after `end`. What can't be compiled is left out: it comes up
// again, and is told, when it is needed.
void compile_ahead(const Plan& plan, std::span<const CompileJob> jobs, const TacticOptions& options,
                   std::chrono::steady_clock::time_point end);

}  // namespace cermet
