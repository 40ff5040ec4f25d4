// The sources of a product by tiles: loaders, main loop and epilogue put together.
#pragma once

#include "backends/cuda/build/gemm_tile.h"

namespace cermet::cuda {

DeviceSource gemm_source(const TacticQuery& query, const Product& product, Multiplier multiplier,
                         const Tile& tile);

// Sums in the workspace: [split][batch][row][column], 4 bytes each, lines padded to whole packs.
struct PartialSums {
  static constexpr int pack = 4;  // that are moved at once
  Dim line, batch, split;         // distances in elements

  explicit PartialSums(const Product& product);
};

// The product alone, as one launch that leaves the sums of each split `workspace` bytes from the
// start of the workspace; neither alpha nor an addend nor the epilogue is applied.
void add_product_sums(const Problem& problem, const Product& product, Multiplier multiplier,
                      const Tile& tile, const Dim& workspace, DeviceSource& into);

}  // namespace cermet::cuda
