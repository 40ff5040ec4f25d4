// RNN, GRU and LSTM.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic recurrent_tactic();

}  // namespace cermet::cuda
