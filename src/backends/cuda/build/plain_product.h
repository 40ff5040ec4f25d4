// Products of matrices of float64 and of integers, those with zero points too.
#pragma once

#include "tactics/tactic.h"

namespace cermet::cuda {

Tactic plain_product_tactic();

}  // namespace cermet::cuda
