// Softmax, LogSoftmax and Hardmax along one axis.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic softmax_tactic();

}  // namespace cermet::cuda
