// What problems cost on a GPU, for passes that choose by cost.
#pragma once

#include <string>

#include "problem/cost_oracle.h"

namespace cermet::cuda {

class Costs : public CostOracle {
 public:
  // `sizes` of symbols are those for which kernels are chosen.
  Costs(SymbolValues sizes, std::string architecture)
      : sizes_(std::move(sizes)), architecture_(std::move(architecture)) {}

  // Channels-last where convolutions and pools give images.
  Layout result_layout(const Problem& problem) const override;
  std::optional<double> step_us(const Problem& problem, bool gives_output) const override;
  bool multiplies_bytes() const override { return true; }

 private:
  SymbolValues sizes_;
  std::string architecture_;
};

}  // namespace cermet::cuda
