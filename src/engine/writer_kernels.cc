#include "engine/writer_kernels.h"

#include <array>

#include "engine/format.h"

namespace cermet {
namespace {

constexpr std::array<std::byte, section_alignment> zeros{};

}  // namespace

PlacedKernels place_kernels(const std::vector<DeviceModule>& modules) {
  PlacedKernels placed;
  uint64_t end = 0;
  for (const DeviceModule& module : modules) {
    placed.offsets.emplace_back();
    for (const KernelImage& image : module.images) {
      const uint64_t offset = align_section(end);
      if (offset != end) placed.pieces.push_back(std::span(zeros).first(offset - end));
      placed.pieces.push_back(image.bytes);
      placed.offsets.back().push_back(offset);
      end = offset + image.bytes.size();
    }
  }
  return placed;
}

}  // namespace cermet
