#include "backends/cuda/build/gemv.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/product_factors.h"
#include "backends/cuda/build/product_result.h"
#include "backends/cuda/build/product_text.h"
#include "base/error.h"

namespace cermet::cuda {
namespace {

constexpr int64_t most_rows = 16;

struct Split {
  int columns = 1, warps = 4, shares = 1;

  std::string to_string() const { return fmt::format("c{} w{} d{}", columns, warps, shares); }
  static Split parse(std::string_view text) {
    Split split;
    const int read = std::sscanf(std::string(text).c_str(), "c%3d w%3d d%3d", &split.columns,
                                 &split.warps, &split.shares);
    require(read == 3 && split.to_string() == text && split.shares >= 1 &&
                split.warps % split.shares == 0,
            ErrorCode::invalid_argument, "'{}' is no configuration of a product with few rows",
            text);
    return split;
  }
};
constexpr std::array splits{Split{1, 4, 1}, Split{1, 4, 4}, Split{1, 8, 8}, Split{2, 4, 1},
                            Split{2, 4, 4}, Split{4, 4, 1}, Split{4, 8, 8}};

// A constant right factor that lies along its columns is turned.
bool is_turned(const TacticQuery& query, const Product& product) {
  return product.right.kind == Factor::Kind::dense && !product.right.depth_stride.is_constant(1) &&
         query.constant(1) != nullptr && query.problem().inputs[1]->layout.is_row_major() &&
         query.problem().inputs[1]->type.rank() >= 2;
}

ProductOrReason rows_of(const TacticQuery& query) {
  ProductOrReason found = product_of(query);
  if (!found.product) return found;
  if (found.product->bytes) return {std::nullopt, "computes products of floats only"};
  Product& product = *found.product;
  const auto reject = [](std::string reason) {
    return ProductOrReason{std::nullopt, std::move(reason)};
  };
  if (!product.rows.is_constant() || product.rows.constant() > most_rows)
    return reject(fmt::format("there are more than {} rows", most_rows));
  if (product.left.kind != Factor::Kind::dense) return reject("the rows are windows of an image");
  Factor& right = product.right;
  if (is_turned(query, product)) {
    const Dims& dims = *query.problem().inputs[1]->type.dims;
    const int64_t columns = dims.back().constant(), depth = dims[dims.size() - 2].constant();
    right.row_stride = right.depth = padded_size(depth, product.type);
    right.rows = columns;
    right.depth_stride = 1;
    Dim stride = right.row_stride * columns;
    for (size_t d = right.batch_sizes.size(); d-- > 0; stride = stride * right.batch_sizes[d])
      right.batch_strides[d] = stride;
    choose_pack(product.type, product.image, right);
  }
  if (right.kind != Factor::Kind::dense || !right.depth_stride.is_constant(1))
    return reject("columns of the right factor do not lie in one piece");
  return found;
}

std::optional<std::string> rejects(const TacticQuery& query) {
  const ProductOrReason found = rows_of(query);
  return found.product ? std::nullopt : std::optional(found.reason);
}

std::optional<PackedConstant> pack(const TacticQuery& query) {
  const ProductOrReason found = product_of(query);
  if (!found.product || !is_turned(query, *found.product)) return pack_right(query);
  return PackedConstant{1, lines_of_columns(*query.constant(1)),
                        "columns in lines of whole vectors"};
}

std::vector<std::string> configurations(const TacticQuery& query) {
  const int64_t rows = rows_of(query).product->rows.constant();
  std::vector<std::string> texts;
  for (const Split& split : splits)
    if (rows * split.columns <= 32) texts.push_back(split.to_string());
  return texts;
}

double estimate(const TacticQuery& query, std::string_view configuration) {
  const Product product = *rows_of(query).product;
  const auto sizes = typical_sizes(query, product);
  if (!sizes) return -1;
  const Split split = Split::parse(configuration);
  const CardRates rates = rates_of(query.architecture);
  const double columns = static_cast<double>(sizes->batches * sizes->columns);
  const auto depth = static_cast<double>(sizes->depth), rows = static_cast<double>(sizes->rows);
  const double bytes = bit_width(product.type) / 8.0;
  // Packs that a lane takes one after the other, four of them at once, and warps that a
  // multiprocessor has to run.
  const double packs = depth / (32.0 * product.right.pack * split.shares);
  const double warps = columns / split.columns * split.shares / rates.multiprocessors;
  const double loads = packs * (split.columns + rows * product.right.pack / product.left.pack);
  const double latency = 0.8 + 0.5 * std::max(1.0, packs / 4) * std::max(1.0, warps / 32);
  const double issue =
      warps * loads * 0.004 + 2 * rows * columns * depth / (0.4 * rates.float32_per_us);
  const double memory = (columns + rows) * depth * bytes / rates.bytes_per_us;
  return rates.launch_us + std::max({latency, issue, memory}) +
         0.02 * static_cast<double>(rows * split.columns) + (split.shares > 1 ? 0.1 : 0);
}

// result[row][column], a warp for some columns. Vectors of both factors are aligned to their size.
DeviceSource generate(const TacticQuery& query, std::string_view configuration) {
  const Product product = *rows_of(query).product;
  const Split split = Split::parse(configuration);
  const Factor &left = product.left, &right = product.right;
  const int groups = split.warps / split.shares;
  const int left_pack = left.along_depth && left.pack >= right.pack ? right.pack : 1;
  const int64_t rows = std::max<int64_t>(product.rows.constant(), 1);
  KernelWriter writer(query.problem(), "gemv");
  writer.include("gemv.cu");
  writer.declare(fmt::format("using Index = {};\n", index_type_of(writer)));
  const Dim blocks = ceil_div(product.columns, Dim(int64_t{groups} * split.columns));
  ProductResult result(writer, product, 1);
  writer.body(fmt::format(
      "const Index columns = {}, blocks = {};\nconst Index batch = blockIdx.x / blocks;\n"
      "const int group = static_cast<int>(threadIdx.x) / {};\n"
      "const Index first_column = (blockIdx.x % blocks * {} + group) * {};\n{}",
      index_text(writer, product.columns), index_text(writer, blocks), 32 * split.shares, groups,
      split.columns, batch_coordinates(writer, product)));
  writer.body(fmt::format(
      "float sums[{0}][{1}];\nmultiply_rows<{0}, {1}, {2}, {3}, {4}, {5}, Index>({6}, {7}, {8}, "
      "{9}, "
      "{10}, first_column, columns, {11}, {12}, static_cast<int>(threadIdx.x) / 32 % {4}, sums);\n",
      rows, split.columns, right.pack, left_pack, split.shares, storage_type(product.type),
      matrix_text(writer, product, left), index_text(writer, left.row_stride),
      index_text(writer, left.depth_stride), matrix_text(writer, product, right),
      index_text(writer, right.row_stride), index_text(writer, product.depth),
      index_text(writer, right.depth)));
  writer.body(fmt::format(
      "finish_rows<{}, {}, {}, {}>(sums, [&](int tile_row, int tile_column, float value) {{\n"
      "const Index row = tile_row, column = first_column + tile_column;\n"
      "if (column >= columns) return;\nconst float values[1] = {{value}};\n{}}});\n",
      rows, split.columns, split.shares, split.warps, result.finish()));
  DeviceSource source;
  const Dim present = min(product.rows, Dim(1));
  writer.finish({{blocks * product.batches() * present, 1, 1}, {32 * split.warps, 1, 1}}, source);
  return source;
}

}  // namespace

Tactic gemv_tactic() {
  Tactic tactic;
  tactic.name = "cuda.gemv";
  tactic.place = Place::device;
  tactic.rejects = rejects;
  tactic.configurations = configurations;
  tactic.estimate = estimate;
  tactic.generate = generate;
  tactic.pack = pack;
  return tactic;
}

}  // namespace cermet::cuda
