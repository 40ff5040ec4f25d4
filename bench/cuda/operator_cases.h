// The parts of the list of operator_cases().
#pragma once

#include "bench/cuda/operator_case.h"

namespace cermet::bench {

using OperatorCases = std::vector<OperatorCase>;

// A size of a network, or a small one in its place.
class Sizes {
 public:
  explicit Sizes(bool quick) : quick_(quick) {}
  int64_t operator()(int64_t full, int64_t small) const { return quick_ ? small : full; }

 private:
  bool quick_;
};

void add_elementwise(OperatorCases& to, const Sizes& size);  // and reductions, normalisations
void add_movements(OperatorCases& to, const Sizes& size);
void add_images(OperatorCases& to, const Sizes& size);
void add_products(OperatorCases& to, const Sizes& size);  // and sequences, attention
void add_selections(OperatorCases& to, const Sizes& size);

}  // namespace cermet::bench
