#include "backends/cuda/build/estimate.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"

namespace cermet::cuda {
namespace {

struct ArchitectureRates {
  int number;  // of the architecture
  CardRates rates;
};

// One card of each architecture: A100, A10, L4, H100, B200, RTX 5090. Tensor cores without
// sparsity, with sums of int32 and float32; float8 of the RTX 5090 is half as fast so.
constexpr std::array table{
    ArchitectureRates{80, {1.5e6, 19.5e6, 312e6, 624e6, 0, 108, 1.5, 40e6}},
    ArchitectureRates{86, {0.6e6, 31e6, 125e6, 250e6, 0, 72, 1.5, 6e6}},
    ArchitectureRates{89, {0.3e6, 30e6, 121e6, 242e6, 242e6, 58, 1.5, 48e6}},
    ArchitectureRates{90, {3.3e6, 60e6, 900e6, 1800e6, 1800e6, 132, 1.0, 50e6}},
    ArchitectureRates{100, {7.7e6, 75e6, 2200e6, 4400e6, 4400e6, 148, 1.0, 126e6}},
    ArchitectureRates{120, {1.8e6, 105e6, 210e6, 838e6, 419e6, 170, 1.0, 96e6}},
};

}  // namespace

CardRates rates_of(std::string_view architecture) {
  const size_t digits = architecture.find_first_of("0123456789");  // behind sm_ or compute_
  int number = table[0].number;
  if (digits != std::string_view::npos)
    std::from_chars(architecture.data() + digits, architecture.data() + architecture.size(),
                    number);
  const auto* newer = std::find_if(table.begin() + 1, table.end(),
                                   [&](const auto& row) { return row.number > number; });
  return (newer - 1)->rates;
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
