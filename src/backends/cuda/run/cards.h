// The GPUs that the driver offers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "backends/cuda/run/driver.h"

namespace cermet::cuda {

struct Card {
  std::string product;       // "NVIDIA H200"
  int major = 0, minor = 0;  // compute capability
  int multiprocessors = 0;
  size_t memory_bytes = 0;
  // 0 where the driver does not tell, as of memory that a card shares with the processor.
  int clock_khz = 0, memory_clock_khz = 0;  // the highest
  int memory_bus_bits = 0;
  size_t l2_bytes = 0;

  // What kernels for this card alone are compiled for: "sm_80", on Hopper "sm_90a".
  std::string architecture() const;
};

// How well an image fits a card: 0 not at all. Machine code runs on its own architecture and on
// later ones of the same major number; one that ends with "a" or "f" on its own alone. PTX is
// compiled by the driver for its architecture and for all later ones.
int fitness(std::string_view architecture, const Card& card);

// These throw device naming the card and the call that failed.
int card_count(const Driver& driver);
Card card_of(const Driver& driver, int ordinal);
// By ordinal.
std::vector<Card> cards(const Driver& driver);

}  // namespace cermet::cuda
