// What a card does at most: the roofs of its rooflines.
#pragma once

#include <optional>

#include "backends/cuda/run/cards.h"
#include "cermet/devices.h"

namespace cermet::cuda {

// Operations of a clock and multiprocessor, from a table of architectures, times the numbers and
// clocks that the driver tells. An architecture that the table lacks counts as the one before it of
// the same major number; nothing where there is none.
std::optional<DevicePeaks> peaks_of(const Card& card);

}  // namespace cermet::cuda
