#include "backends/cuda/build/estimate.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace cermet::cuda {
namespace {

struct ArchitectureRates {
  std::string_view architecture;
  CardRates rates;
};

// One card of each architecture: A100, A10, L4, H100, B200, RTX 5090.
constexpr std::array table{
    ArchitectureRates{"sm_80", {1.5e6, 19.5e6, 312e6, 108, 1.5, 40e6}},
    ArchitectureRates{"sm_86", {0.6e6, 31e6, 125e6, 72, 1.5, 6e6}},
    ArchitectureRates{"sm_89", {0.3e6, 30e6, 121e6, 58, 1.5, 48e6}},
    ArchitectureRates{"sm_90", {3.3e6, 60e6, 900e6, 132, 1.0, 50e6}},
    ArchitectureRates{"sm_100", {7.7e6, 75e6, 2200e6, 148, 1.0, 126e6}},
    ArchitectureRates{"sm_120", {1.8e6, 105e6, 210e6, 170, 1.0, 96e6}},
};

}  // namespace

CardRates rates_of(std::string_view architecture) {
  for (const ArchitectureRates& row : table)
    if (architecture.starts_with(row.architecture)) return row.rates;
  return table[0].rates;
}

double bytes_of(const Problem& problem, const TypicalShapes& shapes) {
  double bytes = 0;
  const auto add = [&](const auto& operands, const auto& sizes) {
    for (size_t i = 0; i < operands.size(); ++i)
      if (operands[i] && sizes[i])
        bytes +=
            static_cast<double>(byte_size(operands[i]->type.element, element_count(*sizes[i])));
  };
  add(problem.inputs, shapes.inputs);
  add(problem.outputs, shapes.outputs);
  return bytes;
}

double traffic_us(const TacticQuery& query) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (!shapes) return -1;
  const CardRates rates = rates_of(query.architecture);
  return rates.launch_us + bytes_of(query.problem(), *shapes) / rates.bytes_per_us;
}

}  // namespace cermet::cuda
