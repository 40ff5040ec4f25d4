// What tactics that call NVIDIA's libraries have in common.
#pragma once

#include <string_view>

#include "base/error.h"
#include "tactics/tactic.h"

namespace cermet::cuda {

// At the end of a configuration whose products of float32 round their operands to TF32.
std::string_view tf32_suffix(const TacticQuery& query);
bool has_tf32_suffix(std::string_view configuration);

// Microseconds of a library's kernel of so many operations at the typical shapes; negative where
// these are not known.
double library_us(const TacticQuery& query, double operations);

// Tactic::library_version; 0 where the library is not here.
template <class Calls>
int64_t version_of_library() {
  try {
    return Calls::open().version();
  } catch (const Error&) {
    return 0;
  }
}

}  // namespace cermet::cuda
