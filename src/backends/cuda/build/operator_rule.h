// Tables of rules, one for each operator of ONNX's own domain.
#pragma once

#include <algorithm>

#include "problem/problem.h"

namespace cermet::cuda {

// The first whose `op` is the problem's operator; nullptr where there is none.
template <class Rules>
const typename Rules::value_type* rule_of(const Rules& rules, const Problem& problem) {
  const auto rule =
      std::find_if(rules.begin(), rules.end(), [&](const auto& r) { return r.op == problem.op; });
  return rule == rules.end() || !problem.domain.empty() ? nullptr : &*rule;
}

}  // namespace cermet::cuda
