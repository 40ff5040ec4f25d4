// The activations of recurrent cells as CUDA C++.
#pragma once

#include <string>

#include "ops/recurrent/recurrent.attrs.h"

namespace cermet::cuda {

// "struct Activations" whose apply<I>(direction, value) is activation I of that direction, behind
// the clip. `type`: "float" or "double". Needs the files scalar.cu and recurrent.cu.
std::string print_activations(const RecurrentAttributes& attributes, RecurrentCell cell,
                              std::string_view type);

}  // namespace cermet::cuda
