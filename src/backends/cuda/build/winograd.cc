#include "backends/cuda/build/winograd.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>
#include <span>

#include "backends/cuda/build/convolution_sizes.h"
#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/gemm_source.h"
#include "backends/cuda/build/product_factors.h"
#include "backends/cuda/build/product_result.h"
#include "backends/cuda/build/product_text.h"
#include "base/parallel.h"
#include "base/scalar.h"
#include "problem/winograd_window.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {
namespace {

constexpr int threads = 128;  // of a block that transforms
constexpr int64_t alignment = 256;
constexpr size_t tiles_of_a_way = 3;
constexpr int most_slices = 24;

struct MultiplierName {
  Multiplier multiplier;
  std::string_view name;
};
constexpr std::array multiplier_names{MultiplierName{Multiplier::fma, "fma"},
                                      MultiplierName{Multiplier::tensor, "tensor"},
                                      MultiplierName{Multiplier::warpgroup, "warpgroup"}};

// A configuration: results of m x m from patches of m + 2, what multiplies, in how many slices all
// tiles of the result are taken one after the other, and how a product is cut.
struct Way {
  int m = 2;
  Multiplier multiplier = Multiplier::fma;
  int slices = 1;
  Tile tile = {};

  int64_t places() const { return int64_t{m + 2} * (m + 2); }
  std::string to_string() const {
    const auto named = std::find_if(multiplier_names.begin(), multiplier_names.end(),
                                    [&](const auto& row) { return row.multiplier == multiplier; });
    return fmt::format("f{} {} c{} {}", m, named->name, slices, tile.to_string());
  }
  static Way parse(std::string_view text);
};

Way Way::parse(std::string_view text) {
  Way way;
  const std::string ended(text);
  std::array<char, 16> name{};
  int used = 0;
  const int read =
      std::sscanf(ended.c_str(), "f%1d %15s c%9d %n", &way.m, name.data(), &way.slices, &used);
  const auto named = std::find_if(multiplier_names.begin(), multiplier_names.end(),
                                  [&](const auto& row) { return row.name == name.data(); });
  require(read == 3 && used > 0 && (way.m == 2 || way.m == 4) && way.slices > 0 &&
              named != multiplier_names.end(),
          ErrorCode::invalid_argument, "'{}' is no configuration of a Winograd convolution", text);
  way.multiplier = named->multiplier;
  way.tile = Tile::parse(text.substr(static_cast<size_t>(used)));
  return way;
}

// The batch of products of a slice, one for each place of a patch.
struct Parts {
  ConvolutionSizes sizes;
  int64_t channels, padded, filters;
  Dim tiles_1, tiles_2, tiles, slice;  // tiles along the axes, in all, of a slice
  Product product;
  Dim sums_at, workspace_bytes;

  Parts(const TacticQuery& query, const Way& way);
};

Factor factor_of(size_t input, const Dim& rows, int64_t depth, int64_t places, ElementType type) {
  Factor factor;
  factor.input = input;
  factor.row_stride = factor.depth = depth;
  factor.depth_stride = 1;
  factor.rows = rows;
  factor.batch_sizes = {places};
  factor.batch_strides = {rows * depth};
  factor.pack = 128 / bit_width(type);
  return factor;
}

Parts::Parts(const TacticQuery& query, const Way& way)
    : sizes(KernelWriter(query.problem(), "")),
      channels(sizes.channels.constant()),
      filters(sizes.filters.constant()) {
  const ElementType type = query.problem().inputs[0]->type.element;
  const int64_t places = way.places();
  padded = padded_size(channels, type);
  tiles_1 = ceil_div(sizes.axes[1].output, Dim(int64_t{way.m}));
  tiles_2 = ceil_div(sizes.axes[2].output, Dim(int64_t{way.m}));
  tiles = sizes.batch * tiles_1 * tiles_2;
  slice = way.slices == 1 ? tiles : ceil_div(tiles, Dim(int64_t{way.slices}));
  product.type = type;
  product.rows = slice;
  product.columns = filters;
  product.depth = padded;
  product.batch = {places};
  product.is_grouped = true;
  product.left = factor_of(0, slice, padded, places, type);
  product.left.workspace = 0;
  product.right = factor_of(1, filters, padded, places, type);
  const Dim patches = slice * (padded * places * (bit_width(type) / 8));
  sums_at = ceil_div(patches, Dim(alignment)) * alignment;
  workspace_bytes = sums_at + PartialSums(product).split * 4;
}

bool is_float32(const TacticQuery& query) {
  return query.problem().inputs[0]->type.element == ElementType::float32;
}

// Patches of float16 are divided by four (winograd.cu), so windows are multiplied.
double window_scale(ElementType type) { return type == ElementType::float16 ? 4 : 1; }

double largest_finite(ElementType type) {
  if (type == ElementType::float16) return 65504;
  return type == ElementType::bfloat16 ? 0x1.fep127 : std::numeric_limits<float>::max();
}

// Of magnitudes of IEEE's formats, which are in the order of their bits; NaN is above all.
template <class Bits>
Bits largest_bits(const Tensor& tensor) {
  const std::span<const Bits> all(static_cast<const Bits*>(tensor.view().data),
                                  static_cast<size_t>(tensor.elements()));
  return std::accumulate(all.begin(), all.end(), Bits{0}, [](Bits largest, Bits bits) {
    return std::max(largest, static_cast<Bits>(bits & (static_cast<Bits>(-1) >> 1)));
  });
}

double largest_weight(const Tensor& weights) {
  if (weights.type() == ElementType::float32)
    return std::bit_cast<float>(largest_bits<uint32_t>(weights));
  return decode_float(weights.type(), largest_bits<uint16_t>(weights));
}

// A transformed window may be larger than its weights; infinite, it would spoil all results.
std::optional<std::string> too_large_window(const TacticQuery& query) {
  const Tensor& weights = *query.constant(1);
  const double scale = window_scale(weights.type()), limit = largest_finite(weights.type());
  constexpr double most_growth = 2.25;  // 1.5 in each dimension: rows of G in winograd_window.cc
  if (most_growth * scale * largest_weight(weights) <= limit) return std::nullopt;
  const std::vector<double> from = load_all<double>(weights.view());
  std::array<double, 36> places{};
  for (size_t i = 0; i < from.size() / 9; ++i)
    for (const int m : {2, 4}) {
      if (m == 4 && !is_float32(query)) continue;
      winograd_window(m, from.data() + 9 * i, places.data(), 1);
      if (std::all_of(places.begin(), places.begin() + (m + 2) * (m + 2),
                      [&](double place) { return std::abs(place) * scale <= limit; }))
        continue;
      const auto channels = static_cast<size_t>(weights.shape()[1]);
      return fmt::format("the transformed window of filter {}, channel {} does not fit {}",
                         i / channels, i % channels, name(weights.type()));
    }
  return std::nullopt;
}

std::optional<std::string> rejects(const TacticQuery& query) {
  const Problem& problem = query.problem();
  if (auto reason = rejects_convolution(problem)) return reason;
  if (problem.op != "Conv") return "computes no transposed convolutions";
  const ProductOrReason direct = product_of(query);
  if (!direct.product) return direct.reason;
  if (problem.inputs[0]->type.rank() != 4) return "computes two spatial dimensions";
  const ProductImage& image = *direct.product->image;
  constexpr std::array<int64_t, 3> ones{1, 1, 1}, window{1, 3, 3};
  if (image.kernel != window || image.steps != ones || image.gaps != ones)
    return "computes windows of 3 x 3 that move by 1";
  const ConvolutionSizes sizes(KernelWriter(problem, ""));
  if (sizes.groups != Dim(1)) return "computes no groups";
  if (!is_channels_last(*problem.inputs[0])) return "the image is not channels-last";
  if (query.constant(1) == nullptr) return "the weights are no constant";
  if (sizes.channels == Dim(0) || sizes.filters == Dim(0)) return "there are no channels";
  return too_large_window(query);
}

// What each launch moves at the typical sizes, and how fast.
struct Traffic {
  ProductSizes product;  // of a slice
  double input_bytes = 0, output_bytes = 0;
  double rate = 0;  // of what lies in the workspace, in bytes a microsecond
};

// Sums and patches that the cache holds come at this many times the memory's rate.
constexpr double cache_factor = 1.7;
// The part of the cache that they may fill.
constexpr double cache_part = 0.5;

std::optional<Traffic> traffic_of(const TacticQuery& query, const Way& way) {
  const Problem& problem = query.problem();
  const auto shapes = typical_shapes(*query.plan, *query.step);
  if (!shapes) return std::nullopt;
  const SymbolValues values = operand_sizes(shapes->inputs, shapes->outputs);
  const CardRates rates = rates_of(query.architecture);
  const Parts parts(query, way);
  const int element = bit_width(problem.inputs[0]->type.element) / 8;
  Traffic traffic;
  traffic.product = {way.places(), parts.slice.evaluate(values), parts.filters, parts.padded, 0};
  const auto products = static_cast<double>(way.places() * traffic.product.rows);
  const double patches = products * static_cast<double>(parts.padded) * element;
  const double sums = products * static_cast<double>(parts.filters) * 4;
  const double windows = static_cast<double>(way.places() * parts.padded * parts.filters) * element;
  const bool fits = patches + sums <= cache_part * rates.cache_bytes;
  const double part = fits ? 1 / cache_factor : 1;  // of the time that memory would take
  const double image = static_cast<double>(element_count(*shapes->inputs[0])) * element;
  const double rest =  // results, and what the epilogue reads
      bytes_of(problem, *shapes) - image -
      static_cast<double>(element_count(*shapes->inputs[1])) * element;
  traffic.product.bytes = (patches + sums) * part + windows;
  traffic.input_bytes = image / way.slices + patches * part;
  traffic.output_bytes = rest / way.slices + sums * part;
  return traffic;
}

double estimate(const TacticQuery& query, std::string_view configuration) {
  const Way way = Way::parse(configuration);
  const auto traffic = traffic_of(query, way);
  if (!traffic) return -1;
  const CardRates rates = rates_of(query.architecture);
  constexpr double around_us = 1.5;  // until a thread has what it reads, and has written
  const double transforms = 2 * (rates.launch_us + around_us) +
                            (traffic->input_bytes + traffic->output_bytes) / rates.bytes_per_us;
  return way.slices * (transforms + tile_us(query, Parts(query, way).product, traffic->product,
                                            way.multiplier, way.tile));
}

// In one slice, and in so many that the workspace of one stays in the cache.
std::vector<int> slice_counts(const TacticQuery& query, const Way& way) {
  const auto traffic = traffic_of(query, way);
  if (!traffic) return {1};
  const double bytes = static_cast<double>(way.places() * traffic->product.rows) *
                       static_cast<double>(traffic->product.depth * (is_float32(query) ? 4 : 2) +
                                           traffic->product.columns * 4);
  const double room = cache_part * rates_of(query.architecture).cache_bytes;
  const int slices = static_cast<int>(std::ceil(bytes / room));
  if (slices <= 1 || slices > most_slices) return {1};
  return {1, slices};
}

void add_ways(const TacticQuery& query, Way way, std::vector<Way>& ways) {
  for (const int slices : slice_counts(query, way)) {
    way.slices = slices;
    const auto traffic = traffic_of(query, way);
    const ProductSizes sizes =
        traffic ? traffic->product : ProductSizes{way.places(), 1024, 1024, 1024, 0};
    size_t added = 0;
    for (const Tile& tile : tiles_for(query, Parts(query, way).product, sizes, way.multiplier)) {
      if (tile.splits > 1 || tile.persistent || added == tiles_of_a_way) continue;
      ++added;
      way.tile = tile;
      ways.push_back(way);
    }
    if (added > 0) continue;
    way.tile = smallest_tile(way.multiplier);
    ways.push_back(way);
  }
}

// Tiles of 4 x 4 lose about ten times as much to rounding as direct sums do: nothing that float32
// lacks, but TF32 and the 16-bit types have none to lose.
std::vector<std::string> configurations(const TacticQuery& query) {
  std::vector<Way> ways;
  if (is_float32(query)) {
    add_ways(query, {4, Multiplier::fma}, ways);
    add_ways(query, {2, Multiplier::fma}, ways);
  }
  if (!is_float32(query) || query.allow_tf32) add_ways(query, {2, Multiplier::tensor}, ways);
  if (!is_float32(query) && query.architecture == "sm_90a")
    add_ways(query, {2, Multiplier::warpgroup}, ways);
  std::vector<std::string> texts;
  for (const Way& way : ways) texts.push_back(way.to_string());
  return texts;
}

SizeStruct size_struct(const Parts& parts, const Way& way, std::string_view index) {
  SizeStruct text(index);
  text.add("tile", way.m);
  text.add("tiles_1", parts.tiles_1);
  text.add("tiles_2", parts.tiles_2);
  text.add("tiles", parts.tiles);
  text.add("slice", parts.slice);
  return text;
}

// Elements of a vector of at most `most`, a power of two, that divides the size.
int64_t dividing_power(int64_t size, int64_t most) {
  while (size % most != 0) most /= 2;
  return most;
}

// A patch of 4 x 4 results is so many registers that vectors are short.
int widest_vector(const Way& way) { return way.m == 2 ? 4 : 2; }

void add_input(const TacticQuery& query, const Parts& parts, const Way& way, const Dim& first,
               DeviceSource& into) {
  KernelWriter writer(query.problem(), "winograd_input_kernel");
  writer.include("winograd.cu");
  SizeStruct text = size_struct(parts, way, index_type_of(writer));
  const int64_t vector = dividing_power(parts.channels, widest_vector(way));
  text.add("channels", parts.channels);
  text.add("padded_channels", parts.padded);
  text.add("vector", vector);
  text.add("x_n", parts.sizes.input_strides[0]);
  for (int d = 1; d < 3; ++d) {
    const ConvolutionSizes::Axis& axis = parts.sizes.axes[d];
    text.add(fmt::format("input_{}", d), axis.input);
    text.add(fmt::format("padding_{}", d), axis.padding);
    text.add(fmt::format("x_{}", d), parts.sizes.input_strides[2 + d]);
  }
  text.write(writer);
  writer.body(fmt::format("winograd_input(sizes, {}, {}, {});\n", writer.input(0),
                          writer.workspace(storage_type(parts.product.type), 0),
                          writer.argument(first)));
  const Dim units = parts.slice * (parts.padded / vector);
  writer.finish({{blocks_for(units, threads), 1, 1}, {threads, 1, 1}}, into);
}

void add_output(const TacticQuery& query, const Parts& parts, const Way& way, const Dim& first,
                DeviceSource& into) {
  KernelWriter writer(query.problem(), "winograd_output_kernel");
  writer.include("winograd.cu");
  const Product direct = *product_of(query).product;
  ProductResult result(writer, direct, widest_vector(way));
  SizeStruct text = size_struct(parts, way, index_type_of(writer));
  text.add("filters", parts.filters);
  text.add("line", PartialSums(parts.product).line);
  text.add("vector", result.pack());
  text.add("output_1", parts.sizes.axes[1].output);
  text.add("output_2", parts.sizes.axes[2].output);
  text.write(writer);
  writer.declare("using Index = index_t;\n");
  writer.body(
      fmt::format("const auto finish = [&](Index row, Index column, const float (&values)[{}]) {{\n"
                  "const Index batch = 0;\n{}}};\nwinograd_output(sizes, {}, {}, finish);\n",
                  result.pack(), result.finish(), writer.workspace("const float", parts.sums_at),
                  writer.argument(first)));
  const Dim units = parts.slice * (parts.filters / result.pack());
  writer.finish({{blocks_for(units, threads), 1, 1}, {threads, 1, 1}}, into);
}

DeviceSource generate(const TacticQuery& query, std::string_view configuration) {
  const Way way = Way::parse(configuration);
  const Parts parts(query, way);
  DeviceSource source;
  source.program.workspace_bytes = parts.workspace_bytes;
  for (int i = 0; i < way.slices; ++i) {
    const Dim first = parts.slice * i;
    add_input(query, parts, way, first, source);
    add_product_sums(query.problem(), parts.product, way.multiplier, way.tile, parts.sums_at,
                     source);
    add_output(query, parts, way, first, source);
  }
  return source;
}

// Weights [filter, channel, 3, 3] as [place][filter][channel], lines of whole vectors.
std::optional<PackedConstant> pack(const TacticQuery& query) {
  const Way way = Way::parse(query.step->choice.configuration);
  const Tensor& weights = *query.constant(1);
  const int64_t filters = weights.shape()[0], channels = weights.shape()[1];
  const int64_t padded = padded_size(channels, weights.type());
  const double scale = window_scale(weights.type());
  const size_t line = static_cast<size_t>(padded * bit_width(weights.type()) / 8);
  const std::vector<double> from = load_all<double>(weights.view());
  Tensor packed(weights.type(), {way.places(), filters, padded});
  auto* const to = static_cast<std::byte*>(packed.view().data);
  constexpr int64_t least = 16;  // filters of a thread
  in_parallel(filters, least, [&](int64_t begin, int64_t end) {
    std::vector<std::vector<double>> lines(static_cast<size_t>(way.places()),
                                           std::vector<double>(static_cast<size_t>(padded), 0));
    std::array<double, 9> window{};
    std::array<double, 36> places{};
    for (int64_t f = begin; f < end; ++f) {
      for (int64_t c = 0; c < channels; ++c) {
        const double* const given = from.data() + (f * channels + c) * 9;
        std::transform(given, given + 9, window.begin(), [&](double w) { return w * scale; });
        winograd_window(way.m, window.data(), places.data(), 1);
        for (size_t i = 0; i < lines.size(); ++i) lines[i][static_cast<size_t>(c)] = places[i];
      }
      for (size_t i = 0; i < lines.size(); ++i) {
        const size_t row = i * static_cast<size_t>(filters) + static_cast<size_t>(f);
        store_all(TensorView{weights.type(), {padded}, to + row * line}, lines[i]);
      }
    }
  });
  return PackedConstant{1, packed, fmt::format("cuda.winograd f{} places of filters", way.m)};
}

}  // namespace

Tactic winograd_tactic() {
  Tactic tactic;
  tactic.name = "cuda.convolution_winograd";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.configurations = configurations;
  tactic.estimate = estimate;
  tactic.pack = pack;
  tactic.generate = generate;
  return tactic;
}

}  // namespace cermet::cuda
