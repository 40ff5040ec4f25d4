#include "backends/cuda/build/few_channels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "backends/cuda/build/convolution_sizes.h"
#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/limits.h"
#include "backends/cuda/build/product_factors.h"
#include "backends/cuda/build/product_result.h"
#include "backends/cuda/build/product_text.h"

namespace cermet::cuda {
namespace {

constexpr int64_t most_channels = 4, most_window = 11, most_stride = 4;
constexpr int64_t most_block_filters = 64;
constexpr int64_t most_weights = 40 * 1024;  // bytes of a block of filters
constexpr int64_t element_bytes = 2;
constexpr int64_t part = 8;          // elements of the depth that lie together
constexpr int64_t widest_chunk = 8;  // elements, 16 bytes

int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

// How the image and the filters lie in shared memory; see kernels/few_channels.cu.
struct Geometry {
  ConvolutionSizes sizes;
  int64_t unit = 1, planes = 1, chunk = 1, lead = 0;
  int64_t parts = 0, depth = 0, weight_pitch = 0;
  int64_t block_filters = 0, blocks = 0;

  int64_t channels() const { return sizes.channels.constant(); }
  int64_t window(int axis) const { return sizes.axes.at(axis).window.constant(); }
  int64_t stride(int axis) const { return sizes.axes.at(axis).stride.constant(); }
};

// What a block of threads computes: a tile of results, which its warps share row by row.
struct ResultTile {
  int p, q, warps;

  int pixels() const { return p * q; }
  int threads() const { return 32 * warps; }
  std::string to_string() const { return fmt::format("{}x{} w{}", p, q, warps); }
  static ResultTile parse(std::string_view text) {
    ResultTile tile{};
    const std::string ended(text);
    const int read = std::sscanf(ended.c_str(), "%9dx%9d w%9d", &tile.p, &tile.q, &tile.warps);
    require(read == 3 && tile.to_string() == text, ErrorCode::invalid_argument,
            "'{}' is no configuration of a convolution of few channels", text);
    return tile;
  }
};
constexpr std::array tiles{
    ResultTile{8, 16, 4},  ResultTile{16, 16, 4}, ResultTile{16, 16, 8}, ResultTile{4, 32, 4},
    ResultTile{8, 32, 4},  ResultTile{8, 32, 8},  ResultTile{4, 16, 4},  ResultTile{2, 32, 4},
    ResultTile{1, 128, 4}, ResultTile{1, 64, 4},
};

// The most elements, up to `widest_chunk`, that lines can be copied by in the order in which they
// lie: places of lines, and the places where they end, have to be multiples.
int64_t chunk_of(const Geometry& geometry) {
  const ConvolutionSizes& sizes = geometry.sizes;
  const bool interleaved = geometry.planes == 1 && geometry.channels() > 1;
  if (!sizes.input_strides[4].is_constant(geometry.unit)) return 1;
  if (interleaved && !sizes.input_strides[1].is_constant(1)) return 1;
  int64_t chunk = widest_chunk;
  const auto fits = [&](const Dim& dim) { return is_multiple(dim, chunk); };
  while (chunk > 1 && !(fits(sizes.input_strides[0]) && fits(sizes.input_strides[3]) &&
                        fits(sizes.axes[2].input * geometry.unit) &&
                        (geometry.planes == 1 || fits(sizes.input_strides[1]))))
    chunk /= 2;
  return chunk;
}

// Lines as they lie in memory where they can be copied so, else pixels with all their channels.
void choose_lines(Geometry& geometry) {
  const bool even_steps = geometry.stride(2) % 2 == 0;
  const int64_t channels = geometry.channels();
  const auto takes = [&](int64_t unit, int64_t planes) {
    geometry.unit = unit;
    geometry.planes = planes;
    geometry.chunk = chunk_of(geometry);
    return geometry.chunk > 1;
  };
  if (even_steps && takes(1, channels)) return;
  const bool even = even_steps || channels % 2 == 0;
  if (even && takes(channels, 1)) return;
  geometry.unit = even ? channels : channels + 1;
  geometry.planes = geometry.chunk = 1;
}

Geometry geometry_of(const Problem& problem) {
  Geometry geometry{ConvolutionSizes(KernelWriter(problem, ""))};
  choose_lines(geometry);
  const int64_t first = -geometry.sizes.axes[2].padding.constant() * geometry.unit;
  geometry.lead = (first % geometry.chunk + geometry.chunk) % geometry.chunk;
  const int64_t line = geometry.lead % 2 + geometry.window(2) * geometry.unit;
  geometry.parts = (line + part - 1) / part;
  geometry.depth = round_up(geometry.planes * geometry.window(1) * geometry.parts * part, 2 * part);
  // An odd number of parts: 8 filters one below the other lie in all banks.
  geometry.weight_pitch = (geometry.depth / part | 1) * part;
  const int64_t fitting = most_weights / (geometry.weight_pitch * element_bytes) / 16 * 16;
  const int64_t most = std::clamp<int64_t>(fitting, 16, most_block_filters);
  const int64_t filters = geometry.sizes.filters.constant();
  geometry.blocks = (filters + most - 1) / most;
  geometry.block_filters = round_up((filters + geometry.blocks - 1) / geometry.blocks, 16);
  return geometry;
}

int64_t pitch_of(const Geometry& geometry, const ResultTile& tile) {
  const int64_t step = geometry.stride(2) * geometry.unit, begin = geometry.lead % 2;
  const int64_t copied = geometry.lead + (tile.q - 1) * step + geometry.window(2) * geometry.unit;
  const int64_t read = geometry.lead - begin + (tile.q - 1) * step + geometry.parts * part;
  return round_up(std::max(copied, read), part);
}

int64_t shared_bytes(const Geometry& geometry, const ResultTile& tile) {
  const int64_t rows = (tile.p - 1) * geometry.stride(1) + geometry.window(1);
  const int64_t image = geometry.planes * rows * pitch_of(geometry, tile);
  const int64_t strips = tile.warps * 16 * (geometry.block_filters + 8) * 4;
  return strips + (geometry.block_filters * geometry.weight_pitch + 2 * image) * element_bytes;
}

// Blocks whose threads have the registers for their sums.
int64_t blocks_by_registers(const Geometry& geometry, const ResultTile& tile) {
  const int64_t sums = tile.pixels() * geometry.block_filters / tile.threads();
  return (sums > 64 ? 256 : 512) / tile.threads();
}

int64_t blocks_at_once(const TacticQuery& query, const Geometry& geometry, const ResultTile& tile) {
  const int64_t fitting = most_shared_bytes(query.architecture) / shared_bytes(geometry, tile);
  return std::clamp<int64_t>(fitting, 1, blocks_by_registers(geometry, tile));
}

std::optional<std::string> rejects_window(const ConvolutionSizes& sizes) {
  for (const ConvolutionSizes::Axis& axis : sizes.axes) {
    if (!axis.window.is_constant() || !axis.padding.is_constant())
      return "the padding is not known";
    if (axis.window.constant() > most_window)
      return fmt::format("computes windows of up to {} elements", most_window);
    if (axis.stride.constant() > most_stride)
      return fmt::format("computes strides of up to {}", most_stride);
    if (!axis.dilation.is_constant(1)) return "computes no dilated windows";
  }
  return std::nullopt;
}

std::vector<ResultTile> tiles_for(const TacticQuery& query, const Geometry& geometry) {
  const Dim &p = geometry.sizes.axes[1].output, &q = geometry.sizes.axes[2].output;
  std::vector<ResultTile> list;
  for (const ResultTile& tile : tiles) {
    if (shared_bytes(geometry, tile) > most_shared_bytes(query)) continue;
    if (p.is_constant() && tile.p > 1 && tile.p >= 2 * p.constant()) continue;
    if (q.is_constant() && tile.q > 16 && tile.q >= 2 * q.constant()) continue;
    // Single rows read a window's height of rows for each.
    if (tile.p == 1 && geometry.window(1) > 1) continue;
    list.push_back(tile);
  }
  if (list.empty() && shared_bytes(geometry, {1, 16, 1}) <= most_shared_bytes(query))
    list.push_back({1, 16, 1});
  return list;
}

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (problem.kind != ProblemKind::convolution || problem.op != "Conv")
    return "computes convolutions only";
  if (auto reason = rejects_convolution(problem)) return reason;
  const ElementType type = problem.inputs[0]->type.element;
  if (type != ElementType::float16 && type != ElementType::bfloat16)
    return "computes 16-bit floats only";
  if (problem.inputs[0]->type.rank() > 4) return "computes one or two spatial dimensions";
  if (query.constant(1) == nullptr) return "the weights are no constant";
  const ConvolutionSizes sizes(KernelWriter(problem, ""));
  if (sizes.groups != Dim(1)) return "computes no groups";
  if (sizes.channels.constant() > most_channels)
    return fmt::format("computes images of up to {} channels", most_channels);
  if (sizes.channels.constant() < 1 || sizes.filters.constant() < 1) return "there are no weights";
  if (auto reason = rejects_window(sizes)) return reason;
  const ProductOrReason found = product_of(query);
  if (!found.product) return found.reason;
  if (tiles_for(query, geometry_of(problem)).empty())
    return "the rows of a window do not fit into shared memory";
  return std::nullopt;
}

std::vector<std::string> configurations(const TacticQuery& query) {
  std::vector<std::string> list;
  for (const ResultTile& tile : tiles_for(query, geometry_of(query.problem())))
    list.push_back(tile.to_string());
  return list;
}

Dim tiles_of(const Geometry& geometry, const ResultTile& tile) {
  return geometry.sizes.batch * ceil_div(geometry.sizes.axes[1].output, Dim(tile.p)) *
         ceil_div(geometry.sizes.axes[2].output, Dim(tile.q));
}

void write_sizes(const Geometry& geometry, const ResultTile& tile, KernelWriter& writer) {
  SizeStruct text = geometry.sizes.text();
  text.add("unit", geometry.unit);
  text.add("planes", geometry.planes);
  text.add("chunk", geometry.chunk);
  text.add("lead", geometry.lead);
  text.add("parts", geometry.parts);
  text.add("depth", geometry.depth);
  text.add("weight_pitch", geometry.weight_pitch);
  text.add("block_filters", geometry.block_filters);
  text.add("tile_p", tile.p);
  text.add("tile_q", tile.q);
  text.add("pitch", pitch_of(geometry, tile));
  text.write(writer);
}

DeviceSource generate(const TacticQuery& query, std::string_view configuration) {
  const Problem& problem = query.problem();
  const ResultTile tile = ResultTile::parse(configuration);
  const Geometry geometry = geometry_of(problem);
  const Product product = *product_of(query).product;
  KernelWriter writer(problem, "few_channels_kernel");
  for (const char* file : {"gemm_tile.cu", "gemm_tensor.cu", "gemm_epilogue.cu", "few_channels.cu"})
    writer.include(file);
  write_sizes(geometry, tile, writer);
  writer.declare(fmt::format(
      "using Index = index_t;\nstruct Tile {{\nusing Element = {};\nstatic constexpr int m = {}, n "
      "= {}, k = 16, stages = 2, warps_m = {}, warps_n = 1, threads = {};\n}};\n",
      storage_type(product.type), tile.pixels(), geometry.block_filters, tile.warps,
      tile.threads()));
  ProductResult result(writer, product, 16);
  const std::string finish = result.finish();
  writer.body(fmt::format(
      "const auto finish = [&](Index row, Index column, const float (&values)[{0}]) {{\n"
      "const Index batch = 0;\n{1}}};\n"
      "few_channels_convolution<Tile, {0}>(sizes, {2}, {3}, finish);\n",
      result.pack(), finish, writer.input(0), writer.input(1)));
  const int64_t resident =
      rates_of(query.architecture).multiprocessors * blocks_at_once(query, geometry, tile);
  Grid grid;
  grid.blocks = {
      min(tiles_of(geometry, tile), Dim(std::max<int64_t>(1, resident / geometry.blocks))),
      geometry.blocks, 1};
  grid.threads = {tile.threads(), 1, 1};
  grid.shared_bytes = shared_bytes(geometry, tile);
  grid.blocks_per_multiprocessor = static_cast<int>(blocks_by_registers(geometry, tile));
  DeviceSource source;
  writer.finish(grid, source);
  return source;
}

// A multiprocessor's tiles follow each other: products, reads of shared memory for them and for
// the results' turn, and rows of the image that neighbours read too.
double estimate(const TacticQuery& query, std::string_view configuration) {
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (!shapes) return -1;
  const ResultTile tile = ResultTile::parse(configuration);
  const Geometry geometry = geometry_of(query.problem());
  const CardRates rates = rates_of(query.architecture);
  const auto count = static_cast<double>(
      tiles_of(geometry, tile).evaluate(operand_sizes(shapes->inputs, shapes->outputs)));
  const auto filters = static_cast<double>(geometry.block_filters);
  const double each = rates.tensor16_per_us / rates.multiprocessors;
  const double products = 2.0 * tile.pixels() * filters * static_cast<double>(geometry.depth);
  const double rows = (tile.p - 1.0) * static_cast<double>(geometry.stride(1)) +
                      static_cast<double>(geometry.window(1));
  const double staged = static_cast<double>(geometry.planes) * rows *
                        static_cast<double>(pitch_of(geometry, tile)) /
                        static_cast<double>(geometry.chunk);
  constexpr double copy_us = 1.2e-4, result_us = 5e-5;  // of a chunk, of a result
  const double tile_us =
      products / (0.4 * each) + copy_us * staged + result_us * tile.pixels() * filters;
  const double blocks = count * static_cast<double>(geometry.blocks);
  const double turns = std::ceil(blocks / rates.multiprocessors);
  const auto at_once = static_cast<double>(blocks_at_once(query, geometry, tile));
  const double fewest = 1.5 + tile_us * std::min(turns, at_once);  // of one block among its like
  const double traffic = bytes_of(query.problem(), *shapes) / rates.bytes_per_us;
  return rates.launch_us + std::max(fewest, turns * tile_us * (1 + 0.3 / at_once) + 1.5) +
         0.3 * traffic;
}

// Where element (c, r, s) of a filter lies in its packed line.
int64_t packed_place(const Geometry& geometry, int64_t c, int64_t r, int64_t s) {
  const bool planes = geometry.planes > 1;
  const int64_t line = (planes ? c * geometry.window(1) : 0) + r;
  return line * geometry.parts * part + geometry.lead % 2 + s * geometry.unit + (planes ? 0 : c);
}

std::optional<PackedConstant> pack(const TacticQuery& query) {
  const Tensor& weights = *query.constant(1);
  const Geometry geometry = geometry_of(query.problem());
  Tensor packed(weights.type(), {geometry.blocks * geometry.block_filters, geometry.weight_pitch});
  auto* const to = static_cast<std::byte*>(packed.view().data);
  const auto* from = static_cast<const std::byte*>(weights.data());
  std::memset(to, 0, packed.bytes());
  for (int64_t m = 0; m < geometry.sizes.filters.constant(); ++m)
    for (int64_t c = 0; c < geometry.channels(); ++c)
      for (int64_t r = 0; r < geometry.window(1); ++r)
        for (int64_t s = 0; s < geometry.window(2); ++s, from += element_bytes)
          std::memcpy(
              to + (m * geometry.weight_pitch + packed_place(geometry, c, r, s)) * element_bytes,
              from, element_bytes);
  return PackedConstant{
      1, packed,
      fmt::format("cuda.convolution_few_channels {} planes, lines of {} x {} + {}", geometry.planes,
                  geometry.window(2), geometry.unit, geometry.lead % 2)};
}

}  // namespace

Tactic few_channels_tactic() {
  Tactic tactic;
  tactic.name = "cuda.convolution_few_channels";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.configurations = configurations;
  tactic.estimate = estimate;
  tactic.pack = pack;
  tactic.generate = generate;
  return tactic;
}

}  // namespace cermet::cuda
