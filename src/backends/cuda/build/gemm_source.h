// The sources of a product by tiles: loaders, main loop and epilogue put together.
#pragma once

#include "backends/cuda/build/gemm_tile.h"

namespace cermet::cuda {

DeviceSource gemm_source(const TacticQuery& query, const Product& product, Multiplier multiplier,
                         const Tile& tile);

}  // namespace cermet::cuda
