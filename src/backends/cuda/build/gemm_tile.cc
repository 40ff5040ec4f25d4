#include "backends/cuda/build/gemm_tile.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/limits.h"
#include "base/error.h"

namespace cermet::cuda {
namespace {

constexpr std::string_view persistent_name = " persistent";

// For 16-bit elements; k in elements.
constexpr std::array half_tiles{
    Tile{128, 256, 32, 2, 4, 4}, Tile{256, 128, 32, 4, 2, 4}, Tile{128, 128, 32, 2, 2, 4},
    Tile{128, 128, 64, 2, 2, 3}, Tile{128, 64, 64, 2, 2, 3},  Tile{64, 128, 64, 2, 2, 3},
    Tile{64, 64, 64, 2, 2, 4},   Tile{64, 32, 64, 2, 2, 5},   Tile{32, 64, 64, 2, 2, 5},
    Tile{32, 32, 64, 2, 1, 6},   Tile{64, 64, 128, 2, 2, 3},  Tile{64, 32, 128, 2, 2, 4},
    Tile{32, 64, 128, 2, 2, 4},
};
// For warpgroups; a line of the factors along the depth is 128 bytes.
constexpr std::array warpgroup_tiles{
    Tile{128, 256, 64, 2, 4, 4}, Tile{256, 128, 64, 4, 2, 4}, Tile{128, 192, 64, 4, 2, 4},
    Tile{192, 128, 64, 6, 2, 4}, Tile{128, 128, 64, 4, 2, 3}, Tile{128, 128, 64, 4, 2, 6},
    Tile{128, 64, 64, 4, 2, 4},  Tile{64, 256, 64, 1, 4, 4},  Tile{64, 128, 64, 2, 2, 4},
    Tile{64, 64, 64, 2, 2, 4},   Tile{64, 64, 64, 2, 2, 6},   Tile{64, 32, 64, 4, 1, 6},
};
// For float32 rounded to TF32.
constexpr std::array tf32_tiles{
    Tile{128, 256, 16, 2, 4, 4}, Tile{128, 128, 16, 2, 2, 4}, Tile{128, 128, 32, 2, 2, 3},
    Tile{128, 64, 32, 2, 2, 3},  Tile{64, 128, 32, 2, 2, 3},  Tile{64, 64, 32, 2, 2, 4},
    Tile{64, 32, 32, 2, 2, 5},   Tile{32, 64, 32, 2, 2, 5},   Tile{32, 32, 32, 2, 1, 6},
};
// For bytes.
constexpr std::array byte_tiles{
    Tile{128, 256, 64, 2, 4, 4},  Tile{256, 128, 64, 4, 2, 4}, Tile{128, 128, 64, 2, 2, 4},
    Tile{128, 128, 128, 2, 2, 3}, Tile{128, 128, 64, 2, 4, 4}, Tile{128, 128, 128, 2, 4, 3},
    Tile{128, 64, 128, 2, 2, 3},  Tile{64, 128, 128, 2, 2, 3}, Tile{64, 64, 128, 2, 2, 4},
    Tile{64, 64, 64, 2, 2, 4},    Tile{64, 32, 128, 2, 2, 5},  Tile{32, 64, 128, 2, 2, 5},
    Tile{32, 32, 128, 2, 1, 6},   Tile{32, 32, 64, 2, 1, 4},
};
constexpr std::array fma_tiles{
    Tile{128, 128, 16, 4, 2, 3}, Tile{128, 64, 16, 4, 1, 4}, Tile{64, 128, 16, 2, 2, 4},
    Tile{64, 64, 16, 2, 2, 4},   Tile{64, 32, 32, 2, 1, 3},  Tile{32, 64, 32, 2, 2, 3},
    Tile{32, 32, 32, 2, 1, 4},
};
constexpr std::array split_counts{1, 2, 3, 4, 6, 8, 12, 16};
constexpr size_t most_tiles = 12;
constexpr int most_sum_registers = 128;

std::span<const Tile> table_of(ElementType type, Multiplier multiplier) {
  if (multiplier == Multiplier::warpgroup) return warpgroup_tiles;
  if (multiplier == Multiplier::fma) return fma_tiles;
  if (multiplier == Multiplier::bytes) return byte_tiles;
  return type == ElementType::float32 ? std::span<const Tile>(tf32_tiles) : half_tiles;
}

// What a multiprocessor has beyond what a block may have: the system's part of a block's.
constexpr int64_t further_shared_bytes = 1 << 10;

int64_t ceiling(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Loaders that give a thread one row, or several packs of rows, want whole numbers of them.
bool suits_loader(const Factor& factor, int rows, const Tile& tile) {
  const int chunks = (factor.along_depth ? tile.k : rows) / factor.pack;
  return chunks > 0 && chunks <= tile.threads() && tile.threads() % chunks == 0;
}

// Lines along the rows are cut into blocks of whole powers of two.
bool suits_warpgroup(const Factor& factor, int rows) {
  return factor.along_depth || rows == 32 || rows % 64 == 0;
}

// Of a thread; of float8 sums are kept beside those of the tensor cores.
int sum_registers(const Product& product, const Tile& tile) {
  const bool totals = product.bytes && product.bytes->is_float8();
  return tile.m * tile.n / tile.threads() * (totals ? 2 : 1);
}

bool suits(const TacticQuery& query, const Product& product, Multiplier multiplier,
           const Tile& tile) {
  if (multiplier == Multiplier::warpgroup &&
      (!suits_warpgroup(product.left, tile.m) || !suits_warpgroup(product.right, tile.n)))
    return false;
  if (sum_registers(product, tile) > most_sum_registers) return false;
  return suits_loader(product.left, tile.m, tile) && suits_loader(product.right, tile.n, tile) &&
         tile.shared_bytes(product.type, multiplier) <= most_shared_bytes(query);
}

// Blocks of threads that a multiprocessor of the query's card has at once, as far as is known.
int64_t blocks_at_once(const TacticQuery& query, const Product& product, Multiplier multiplier,
                       const Tile& tile) {
  const int64_t shared = most_shared_bytes(query.architecture) + further_shared_bytes;
  const int64_t of_block = tile.shared_bytes(product.type, multiplier) + further_shared_bytes;
  return std::clamp<int64_t>(std::min<int64_t>(shared / of_block, 512 / tile.threads()), 1, 4);
}

// The tile, of which there are `tiles`, with blocks that go on from one to the next. Where a
// multiprocessor has several blocks at once, one multiplies while another finishes its results
// anyway.
std::optional<Tile> persistent_tile(const TacticQuery& query, const Product& product,
                                    Multiplier multiplier, Tile tile, int64_t tiles) {
  if (multiplier != Multiplier::warpgroup || product.bytes ||
      tiles <= rates_of(query.architecture).multiprocessors ||
      blocks_at_once(query, product, multiplier, tile) > 1)
    return std::nullopt;
  tile.persistent = true;
  return suits(query, product, multiplier, tile) ? std::optional(tile) : std::nullopt;
}

// What one multiprocessor reaches in the main loop, in parts of its best: small tiles load more for
// each multiplication.
double efficiency(const Product& product, const Tile& tile, Multiplier multiplier) {
  const double m = static_cast<double>(tile.m) / tile.warps_m,
               n = static_cast<double>(tile.n) / tile.warps_n;
  const double reuse = m * n / (m + n) / 32;  // 1 for warps of 64 x 64
  if (multiplier == Multiplier::warpgroup) {
    const int groups = tile.threads() / 128;
    const double rows = static_cast<double>(tile.m) / groups;
    const double read = rows * tile.n / (rows + tile.n) / 32;  // of shared memory, once
    return 0.85 * read / (read + 0.35);
  }
  const double best = multiplier == Multiplier::fma ? 0.75 : 0.62;
  const double loader = product.left.pack * bit_width(product.type) >= 64 ? 1.0 : 0.4;
  return best * loader * reuse / (reuse + 0.25) * 1.25;
}

// Operations of the card's best in a microsecond.
double peak_of(const CardRates& rates, const Product& product, Multiplier multiplier) {
  switch (multiplier) {
    case Multiplier::fma:
      return rates.float32_per_us;
    case Multiplier::tensor:
      return rates.tensor16_per_us / (product.type == ElementType::float32 ? 2 : 1);
    case Multiplier::bytes:
    case Multiplier::warpgroup:
      break;
  }
  if (!product.bytes) return rates.tensor16_per_us;
  return product.bytes->is_float8() ? rates.float8_per_us : rates.int8_per_us;
}

// The longer of two times that pass together, and a little more where they are alike.
double longer(double a, double b) { return std::pow(std::pow(a, 4) + std::pow(b, 4), 0.25); }

// From one stage to the next where nothing holds it up: barriers, and copies that threads issue.
// An element of an image that comes by itself costs the search for its place and the wait for it.
double stage_us(const Product& product, const Tile& tile) {
  const auto copies = [&](const Factor& factor, int rows) {
    const bool gathers = factor.kind == Factor::Kind::image && factor.pack == 1;
    return static_cast<double>(rows) * tile.k / (factor.pack * tile.threads()) *
           (gathers ? 18.0 : 1.0);
  };
  return 0.1 + 0.006 * (copies(product.left, tile.m) + copies(product.right, tile.n));
}

}  // namespace

int64_t Tile::shared_bytes(ElementType type, Multiplier multiplier) const {
  const int64_t pipeline = int64_t{stages} * (m + n) * k * (bit_width(type) / 8);
  const int columns = multiplier == Multiplier::warpgroup ? n : n / warps_n;  // of a warp
  const auto strips = [&](int width) { return int64_t{warps_m} * warps_n * 16 * (width + 8) * 4; };
  return persistent ? pipeline + strips(persistent_strip_columns)
                    : std::max(pipeline, strips(columns));
}

Tile smallest_tile(Multiplier multiplier) {
  if (multiplier == Multiplier::warpgroup) return {64, 32, 64, 4, 1, 4};
  return {32, 32, multiplier == Multiplier::bytes ? 64 : 32, 2, 1, 3};
}

std::string Tile::to_string() const {
  return fmt::format("{}x{}x{} w{}x{} s{} k{}{}", m, n, k, warps_m, warps_n, stages, splits,
                     persistent ? persistent_name : "");
}

Tile Tile::parse(std::string_view text) {
  Tile tile;
  const std::string ended(text);
  const int read = std::sscanf(ended.c_str(), "%9dx%9dx%9d w%9dx%9d s%9d k%9d", &tile.m, &tile.n,
                               &tile.k, &tile.warps_m, &tile.warps_n, &tile.stages, &tile.splits);
  tile.persistent = text.ends_with(persistent_name);
  require(read == 7 && tile.to_string() == text && tile.splits >= 1, ErrorCode::invalid_argument,
          "'{}' is no configuration of a product", text);
  return tile;
}

double tile_us(const TacticQuery& query, const Product& product, const ProductSizes& sizes,
               Multiplier multiplier, const Tile& tile) {
  const CardRates rates = rates_of(query.architecture);
  const double peak = peak_of(rates, product, multiplier);
  const int64_t tiles =
      sizes.batches * ceiling(sizes.rows, tile.m) * ceiling(sizes.columns, tile.n);
  const double blocks = static_cast<double>(tiles) * tile.splits;
  const double depth_blocks =
      std::ceil(static_cast<double>(ceiling(sizes.depth, tile.k)) / tile.splits);
  const auto fit = static_cast<double>(blocks_at_once(query, product, multiplier, tile));
  // A stage takes its operations' time, shared with the other blocks of the multiprocessor, or what
  // it takes to bring it, whichever is longer; a block begins and ends once.
  const double each = peak / rates.multiprocessors * efficiency(product, tile, multiplier);
  const double work = 2.0 * tile.m * tile.n * tile.k / each;
  const double bring = stage_us(product, tile);
  const double around = 1.1 + 2e-5 * tile.m * tile.n;
  const double per_multiprocessor = std::ceil(blocks / rates.multiprocessors);
  const double at_once = std::min(per_multiprocessor, fit);
  const double compute =
      std::ceil(per_multiprocessor / fit) * (around + depth_blocks * longer(bring, work * at_once));
  double us = rates.launch_us + longer(compute, sizes.bytes / rates.bytes_per_us);
  if (tile.splits > 1) {
    const auto sums = static_cast<double>(sizes.batches * sizes.rows * sizes.columns);
    us += rates.launch_us + 0.8 + sums * 4 * (tile.splits + 1) / (3 * rates.bytes_per_us);
  }
  return us;
}

std::vector<Tile> tiles_for(const TacticQuery& query, const Product& product,
                            Multiplier multiplier) {
  const auto sizes = typical_sizes(query, product);
  return tiles_for(query, product, sizes.value_or(ProductSizes{1, 1024, 1024, 1024, 0}),
                   multiplier);
}

std::vector<Tile> tiles_for(const TacticQuery& query, const Product& product,
                            const ProductSizes& sizes, Multiplier multiplier) {
  const CardRates rates = rates_of(query.architecture);
  std::vector<std::pair<double, Tile>> found;
  for (Tile tile : table_of(product.type, multiplier)) {
    if (multiplier == Multiplier::warpgroup && product.bytes) tile.k *= 2;  // as many bytes
    if (!suits(query, product, multiplier, tile)) continue;
    // A tile of which half would be empty, where a smaller one is there.
    if (tile.m > 32 && tile.m >= 2 * sizes.rows) continue;
    if (tile.n > 32 && tile.n >= 2 * sizes.columns) continue;
    const int64_t tiles =
        sizes.batches * ceiling(sizes.rows, tile.m) * ceiling(sizes.columns, tile.n);
    for (int splits : split_counts) {
      if (splits > 1 &&
          (tiles * splits > 2 * rates.multiprocessors || ceiling(sizes.depth, tile.k) < 2 * splits))
        break;
      tile.splits = splits;
      found.emplace_back(tile_us(query, product, sizes, multiplier, tile), tile);
    }
    tile.splits = 1;
    // Estimated as one tile a block is and behind it, so that a measurement alone chooses it.
    if (const auto other = persistent_tile(query, product, multiplier, tile, tiles))
      found.emplace_back(tile_us(query, product, sizes, multiplier, *other), *other);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Tile> tiles;
  for (const auto& [us, tile] : found) {
    if (tiles.size() == most_tiles) break;
    tiles.push_back(tile);
  }
  return tiles;
}

}  // namespace cermet::cuda
