#include "backends/cuda/run/peaks.h"

#include <array>

namespace cermet::cuda {
namespace {

struct ClockRates {
  int major, minor;
  // Operations of one multiprocessor in one clock; 0: no such instruction, or not published.
  double float32, tf32, float16, int8, float8;
  // The part of the tensor cores' rate that GeForce cards have with sums in float32.
  double geforce = 1;
};

// float32: "Arithmetic Instructions" in the CUDA C++ Programming Guide, twice the results of a
// multiply-add. Tensor cores: rates without sparsity of the vendor's papers, which are the data
// sheets' operations a second, divided by multiprocessors and clock:
//   8.0, 8.6   white papers of A100 (312 TFLOP/s of halves: 108 at 1.41 GHz) and GA102 (A10: 125)
//   8.7        Jetson AGX Orin Series Technical Brief (170 sparse TOPS: 16 at 1.3 GHz)
//   8.9        white paper of Ada, data sheet of L4 (121 TFLOP/s: 58 at 2.04 GHz)
//   9.0        white paper of H100 (989 TFLOP/s: 132 at 1.83 GHz)
//   10.0, 10.3 data sheets of HGX B200 and B300 (2.25 PFLOP/s: 148 at 1.85 GHz). 10.3 has little
//              left of int8; what, the sheets do not agree on
//   11.0       data sheet of Jetson T5000 (517 TFLOP/s of float8: 20 at 1.57 GHz)
//   12.0       white paper of RTX PRO 6000 Blackwell (504 TFLOP/s: 188 at 2.62 GHz)
constexpr std::array table{
    ClockRates{8, 0, 128, 1024, 2048, 4096, 0},
    ClockRates{8, 6, 256, 512, 1024, 2048, 0, 0.5},
    ClockRates{8, 7, 256, 1024, 2048, 4096, 0},
    ClockRates{8, 9, 256, 512, 1024, 2048, 2048, 0.5},
    ClockRates{9, 0, 256, 2048, 4096, 8192, 8192},
    ClockRates{10, 0, 256, 4096, 8192, 16384, 16384},
    ClockRates{10, 3, 256, 4096, 8192, 0, 16384},
    ClockRates{11, 0, 256, 4096, 8192, 16384, 16384},
    ClockRates{12, 0, 256, 512, 1024, 2048, 2048, 0.5},
};

const ClockRates* rates_of(const Card& card) {
  const ClockRates* found = nullptr;
  for (const ClockRates& row : table)
    if (row.major == card.major && row.minor <= card.minor) found = &row;
  return found;
}

}  // namespace

std::optional<DevicePeaks> peaks_of(const Card& card) {
  const ClockRates* rates = rates_of(card);
  if (rates == nullptr) return std::nullopt;
  const double clocks = 1e-6 * card.clock_khz * card.multiprocessors;  // 10^9 a second, of all
  const bool geforce = card.product.find("GeForce") != std::string::npos;
  const double in_float32 = geforce ? rates->geforce * clocks : clocks;
  return DevicePeaks{
      .float32 = rates->float32 * clocks,
      .tensor_tf32 = rates->tf32 * in_float32,
      .tensor_float16 = rates->float16 * in_float32,
      .tensor_int8 = rates->int8 * clocks,
      .tensor_float8 = rates->float8 * in_float32,
      // Memory gives data at both edges of its clock.
      .bytes = 2e-6 * card.memory_clock_khz * card.memory_bus_bits / 8,
  };
}

}  // namespace cermet::cuda
