// Rough times of kernels, for the order of candidates where nothing is measured.
#pragma once

#include <optional>
#include <string_view>

#include "tactics/tactic.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {

// What a card does at best; the figures are those of vendors' data sheets.
struct CardRates {
  double bytes_per_us = 0;                    // of device memory
  double float32_per_us = 0;                  // operations, a multiplication with addition is two
  double tensor16_per_us = 0;                 // of 16-bit floats on tensor cores
  double int8_per_us = 0, float8_per_us = 0;  // there; float8 is 0 where there is none
  int multiprocessors = 0;
  double launch_us = 0;    // what a kernel in a graph takes at least
  double cache_bytes = 0;  // of the second level, which all multiprocessors share
};
// Of "sm_90" or "compute_90", or of the newest known architecture before it.
CardRates rates_of(std::string_view architecture);

// Bytes of operands and results, each once.
double bytes_of(const Problem& problem, const TypicalShapes& shapes);

// Microseconds to read operands and write results once at the typical shapes, with the launch;
// negative where the shapes are not known.
double traffic_us(const TacticQuery& query);

}  // namespace cermet::cuda
