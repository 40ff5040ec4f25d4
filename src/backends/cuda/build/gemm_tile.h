// How a product is cut into tiles, and which cuts are worth trying.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backends/cuda/build/product.h"

namespace cermet::cuda {

// What multiplies: mma.sync, wgmma (Hopper's, on other cards mma.sync in the same launch), FMA, or
// mma.sync of bytes.
enum class Multiplier : uint8_t { tensor, warpgroup, fma, bytes };

struct Tile {
  int m = 64, n = 64, k = 32;    // of a block of threads; k: in one stage
  int warps_m = 2, warps_n = 2;  // that share the tile
  int stages = 4;
  int splits = 1;  // of the depth, each with sums of its own
  // Whether a block of threads goes on from tile to tile, by warpgroups and without splits. The
  // next tile's factors are on their way while the results of the last one are finished
  // (persistent), or these are finished while the next one's products run (overlapped), bits
  // unchanged.
  enum class Rounds : uint8_t { one, persistent, overlapped };
  Rounds rounds = Rounds::one;

  int threads() const { return 32 * warps_m * warps_n; }
  bool goes_on() const { return rounds != Rounds::one; }
  // Columns of a strip of 16 rows in which a warp turns its results, where strips lie behind
  // stages.
  int strip_columns() const { return rounds == Rounds::overlapped ? 16 : 32; }
  int64_t shared_bytes(ElementType type, Multiplier multiplier) const;
  std::string to_string() const;  // "128x128x32 w2x2 s4 k1", "... persistent", "... overlapped"
  static Tile parse(std::string_view text);
  bool operator==(const Tile&) const = default;
};

// The promising ones for the query's card and typical sizes, the best first.
std::vector<Tile> tiles_for(const TacticQuery& query, const Product& product,
                            Multiplier multiplier);
// For these sizes.
std::vector<Tile> tiles_for(const TacticQuery& query, const Product& product,
                            const ProductSizes& sizes, Multiplier multiplier);

// Blocks of threads that a multiprocessor of the query's card has at once, as far as is known.
int64_t blocks_at_once(const TacticQuery& query, const Product& product, Multiplier multiplier,
                       const Tile& tile);

// For what none of these suits.
Tile smallest_tile(Multiplier multiplier);

// Microseconds at these sizes.
double tile_us(const TacticQuery& query, const Product& product, const ProductSizes& sizes,
               Multiplier multiplier, const Tile& tile);

}  // namespace cermet::cuda
