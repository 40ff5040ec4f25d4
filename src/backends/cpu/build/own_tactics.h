// Tactics whose kernels are Cermet's own.
#pragma once

#include <span>

#include "backends/cpu/run/own_rules.h"
#include "tactics/tactic.h"

namespace cermet::cpu {

// A kernel's rule as a tactic's.
template <Reason (*rejects)(const KernelContext&)>
Reason rejects_step(const TacticQuery& query) {
  return rejects({query.plan, query.step, nullptr});
}

// Those that stand before the libraries' kernels.
std::span<const Tactic> preferred_own_tactics();
// Those that stand behind them.
std::span<const Tactic> own_tactics();

// Lets the first output take the memory of the first input that ends here and has its type and
// layout, so that an element is written where it was read.
void allow_elementwise_in_place(Plan& plan, Step& step);

}  // namespace cermet::cpu
