// What problems cost on this machine, for passes that choose by cost.
#pragma once

#include "problem/cost_oracle.h"

namespace cermet::cpu {

class Costs : public CostOracle {
 public:
  // `sizes` of symbols are those for which kernels are chosen; others count as typical_shapes()
  // says.
  explicit Costs(SymbolValues sizes = {}, int threads = 1)
      : sizes_(std::move(sizes)), threads_(threads) {}

  // Channels-last where convolutions and pools give images.
  Layout result_layout(const Problem& problem) const override;
  bool reads_parts_of_rows() const override { return true; }
  std::optional<double> step_us(const Problem& problem, bool gives_output) const override;
  std::optional<double> run_us(std::span<const Problem* const> problems,
                               const SymbolValues& sizes) const override;

 private:
  SymbolValues sizes_;
  int threads_;
};

}  // namespace cermet::cpu
