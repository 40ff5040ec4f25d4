// What problems cost on a GPU, for passes that choose by cost.
#pragma once

#include <string>

#include "problem/cost_oracle.h"

namespace cermet::cuda {

class Costs : public CostOracle {
 public:
  // `sizes` of symbols are those for which kernels are chosen. `narrow`: float32 stands for a type
  // of 16 bits.
  Costs(SymbolValues sizes, std::string architecture, bool narrow = false)
      : sizes_(std::move(sizes)), architecture_(std::move(architecture)), narrow_(narrow) {}

  // Channels-last where convolutions and pools give images.
  Layout result_layout(const Problem& problem) const override;
  bool reads_parts_of_rows() const override { return true; }
  std::optional<double> step_us(const Problem& problem, bool gives_output) const override;
  bool multiplies_bytes() const override { return true; }
  bool multiplies_float8() const override;
  bool pads_results() const override { return true; }

 private:
  SymbolValues sizes_;
  std::string architecture_;
  bool narrow_;
};

}  // namespace cermet::cuda
