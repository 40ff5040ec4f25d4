#include "backends/cuda/build/depthwise.h"

#include <algorithm>
#include <bit>
#include <cstdio>

#include "backends/cuda/build/convolution_sizes.h"
#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/product_bytes.h"
#include "expr/relayout.h"
#include "ops/convolution/convolution.attrs.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {
namespace {

constexpr int64_t most_columns = 64;  // of the image that a thread's row of results reads
constexpr int64_t most_taps = 121;

// What a thread computes: `vector` channels of rows x pixels results.
struct Tile {
  int vector = 1, pixels = 1, rows = 1;

  std::string to_string() const { return fmt::format("c{} p{} r{}", vector, pixels, rows); }
  static Tile parse(std::string_view text) {
    Tile tile;
    const std::string copy(text);
    const int count =
        std::sscanf(copy.c_str(), "c%d p%d r%d", &tile.vector, &tile.pixels, &tile.rows);
    require(count == 3, ErrorCode::internal, "no tile of a depthwise convolution: {}", text);
    return tile;
  }
};

// Sizes of the window along the last two axes, and what is asked of them.
struct Places {
  ConvolutionSizes sizes;
  int64_t filters;               // of all groups
  int64_t batch, height, width;  // of the result, typically

  int64_t window(int axis) const { return sizes.axes[axis].window.constant(); }
  int64_t columns(int pixels) const {
    const ConvolutionSizes::Axis& axis = sizes.axes[2];
    return (pixels - 1) * axis.stride.constant() + (window(2) - 1) * axis.dilation.constant() + 1;
  }
};

Places places_of(const TacticQuery& query) {
  const ConvolutionSizes sizes(KernelWriter(query.problem(), ""));
  Places places{sizes, (sizes.filters * sizes.groups).constant(), 1, 16, 16};
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (!shapes || !shapes->outputs[0]) return places;
  const Shape& result = *shapes->outputs[0];
  places.batch = result[0];
  places.height = result.size() > 3 ? result[2] : 1;
  places.width = result.back();
  return places;
}

bool is_of_bytes(const Problem& problem) { return problem.op == "ConvInteger"; }

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (auto reason = rejects_convolution(problem, true)) return reason;
  if (problem.op != "Conv" && !is_of_bytes(problem)) return "computes no transposed convolutions";
  if (problem.inputs[0]->type.rank() > 4) return "computes one or two spatial dimensions";
  if (!is_channels_last(*problem.inputs[0]) || !is_channels_last(*problem.outputs[0]))
    return "image and result have to be channels-last";
  if (query.constant(1) == nullptr) return "the weights are no constant";
  const ConvolutionSizes sizes(KernelWriter(problem, ""));
  if (sizes.channels != Dim(1)) return "the groups have several channels";
  const Places places = places_of(query);
  if (places.filters == 0) return "there are no channels";
  if (places.columns(1) > most_columns || places.window(1) * places.window(2) > most_taps)
    return "the window is too large";
  return std::nullopt;
}

// Vectors of 16 bytes and of 8, where so many elements divide the channels; of bytes half as many,
// for their sums are as wide as those of floats.
int widest_vector(const TacticQuery& query, int64_t filters) {
  const Problem& problem = query.problem();
  int vector =
      (is_of_bytes(problem) ? 8 : 16) / std::max(bit_width(problem.inputs[0]->type.element) / 8,
                                                 bit_width(problem.outputs[0]->type.element) / 8);
  while (filters % vector != 0) vector /= 2;
  return vector;
}

std::vector<std::string> configurations(const TacticQuery& query) {
  const Places places = places_of(query);
  const int widest = widest_vector(query, places.filters);
  std::vector<std::string> list;
  for (const Tile tile : {Tile{widest, 4, 1}, Tile{widest, 2, 1}, Tile{widest, 1, 1},
                          Tile{widest, 4, 2}, Tile{widest / 2, 4, 1}, Tile{widest / 2, 2, 1},
                          Tile{widest / 2, 1, 1}, Tile{widest / 2, 4, 4}}) {
    if (tile.vector < 1 || places.columns(tile.pixels) > most_columns) continue;
    if (tile.pixels > 1 && tile.pixels >= 2 * places.width) continue;
    if (tile.rows > 1 && (tile.rows > places.height || places.window(1) > 5 ||
                          places.sizes.axes[1].dilation != Dim(1)))
      continue;
    list.push_back(tile.to_string());
  }
  return list;
}

// Threads of a block along channels, pixels and rows.
struct Block {
  int channels, pixels, rows;

  int threads() const { return channels * pixels * rows; }
};

int channels_of_block(int64_t vectors) {
  if (vectors <= 8) return static_cast<int>(vectors);
  for (const int64_t most : {8, 16, 32})
    for (int64_t channels = most; channels >= most / 2; --channels)
      if (vectors % channels == 0) return static_cast<int>(channels);
  return 8;
}

int64_t blocks_of(const Places& places, const Tile& tile, const Block& block) {
  const auto parts = [](int64_t size, int64_t part) { return (size + part - 1) / part; };
  return places.batch * parts(places.filters / tile.vector, block.channels) *
         parts(places.height, int64_t{tile.rows} * block.rows) *
         parts(places.width, int64_t{tile.pixels} * block.pixels);
}

// About 128 threads, fewer where the multiprocessors would not all have a block.
Block block_of(const Places& places, const Tile& tile, int multiprocessors) {
  const auto tiles = [](int64_t size, int part) {
    return std::max<int64_t>((size + part - 1) / part, 1);
  };
  Block block{channels_of_block(places.filters / tile.vector), 1, 1};
  for (int threads = 128; threads >= 32; threads /= 2) {
    const int64_t rest = std::max(threads / block.channels, 1);
    const int64_t high = tiles(places.height, tile.rows), wide = tiles(places.width, tile.pixels);
    block.rows =
        static_cast<int>(std::min(high, std::max<int64_t>(rest / std::min<int64_t>(wide, 4), 1)));
    block.pixels = static_cast<int>(std::min(wide, std::max<int64_t>(rest / block.rows, 1)));
    if (blocks_of(places, tile, block) >= multiprocessors) break;
  }
  return block;
}

// The zero points, as the kernel takes them, and which of them there are.
std::string zeros_of(const TacticQuery& query, KernelWriter& writer, SizeStruct& text) {
  constexpr size_t image = 2, weights = 3;
  const bool bytes = is_of_bytes(query.problem());
  const auto of_image = bytes ? zeros_at(query, image) : std::nullopt;
  const auto of_weights = bytes ? zeros_at(query, weights) : std::nullopt;
  const std::string_view type = storage_type(query.problem().inputs[1]->type.element);
  int kind = 0;
  if (of_weights) kind = is_single(*query.problem().inputs[weights]) ? 1 : 2;
  text.add("image_zero", of_image ? 1 : 0);
  text.add("weight_zero", kind);
  return fmt::format(
      "DepthwiseZeros<{}>{{{}, {}}}", type,
      of_image ? fmt::format("static_cast<int>({}[0])", writer.input(*of_image)) : "0",
      of_weights ? writer.input(*of_weights) : "nullptr");
}

DeviceSource generate(const TacticQuery& query, std::string_view configuration) {
  const Tile tile = Tile::parse(configuration);
  const Places places = places_of(query);
  const Block block = block_of(places, tile, rates_of(query.architecture).multiprocessors);
  KernelWriter writer(query.problem(), "depthwise_kernel");
  const ConvolutionSizes& sizes = places.sizes;
  writer.include("depthwise.cu");
  SizeStruct text = sizes.text();
  text.add("filters_in_all", places.filters);
  text.add("multiplier", sizes.filters);
  text.add("vector", tile.vector);
  text.add("pixels", tile.pixels);
  text.add("rows", tile.rows);
  text.add("block_channels", block.channels);
  text.add("block_pixels", block.pixels);
  text.add("block_rows", block.rows);
  const std::string zeros = zeros_of(query, writer, text);
  text.write(writer);
  write_finish(writer, sizes.spatial);
  writer.body(fmt::format("depthwise(sizes, {}, {}, {}, {}, {}, finish);\n", writer.input(0),
                          writer.input(1), convolution_bias(writer), zeros, writer.output(0)));
  const Dim blocks = sizes.batch *
                     ceil_div(Dim(places.filters / tile.vector), Dim(int64_t{block.channels})) *
                     ceil_div(sizes.axes[1].output, Dim(int64_t{tile.rows} * block.rows)) *
                     ceil_div(sizes.axes[2].output, Dim(int64_t{tile.pixels} * block.pixels));
  DeviceSource source;
  writer.finish({{min(blocks, Dim(1 << 30)), 1, 1}, {block.threads(), 1, 1}}, source);
  return source;
}

// Loads, conversions and products of a thread's tile, in a multiprocessor's four pipes, or the
// traffic; a block that stands alone on its multiprocessor waits for its loads.
double estimate(const TacticQuery& query, std::string_view configuration) {
  const double traffic = traffic_us(query);
  if (traffic < 0) return -1;
  const Tile tile = Tile::parse(configuration);
  const Places places = places_of(query);
  const CardRates rates = rates_of(query.architecture);
  const Block block = block_of(places, tile, rates.multiprocessors);
  const double taps = static_cast<double>(places.window(1) * places.window(2));
  const auto rows = static_cast<double>((tile.rows - 1) * places.sizes.axes[1].stride.constant() +
                                        places.window(1));
  const double loads = rows * static_cast<double>(places.columns(tile.pixels));
  const int convert = is_of_bytes(query.problem()) ? 3 : 1;  // instructions for an element
  const double instructions =
      60 + loads * (4 + tile.vector * convert) + taps * (2 + tile.vector) * tile.rows +
      taps * tile.vector * tile.pixels * tile.rows + 12.0 * tile.pixels * tile.rows;
  const double warps =
      static_cast<double>(blocks_of(places, tile, block)) * ((block.threads() + 31) / 32);
  const double waves = std::max(warps / (4.0 * rates.multiprocessors), 1.0);
  constexpr double cycles_per_us = 1700, alone = 6;  // cycles an instruction takes without others
  const double computing = instructions * std::max(waves, alone) / cycles_per_us;
  return std::max(traffic, rates.launch_us + computing) + 0.3 * computing;
}

// [m, 1, r, s] as [r, s, m].
std::optional<PackedConstant> pack(const TacticQuery& query) {
  const Tensor& weights = *query.constant(1);
  Layout layout;
  for (size_t d = 2; d < weights.shape().size(); ++d)
    layout.order.push_back(static_cast<int8_t>(d));
  layout.order.push_back(0);
  layout.order.push_back(1);
  return PackedConstant{1, relayout(weights, Layout{}, layout), "cuda.depthwise rsm"};
}

}  // namespace

Tactic depthwise_tactic() {
  Tactic tactic;
  tactic.name = "cuda.depthwise";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.configurations = configurations;
  tactic.estimate = estimate;
  tactic.pack = pack;
  tactic.generate = generate;
  return tactic;
}

}  // namespace cermet::cuda
