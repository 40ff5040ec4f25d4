#include "backends/cuda/build/gemm_source.h"

#include "backends/cuda/build/estimate.h"
#include "backends/cuda/build/kernel_writer.h"
#include "backends/cuda/build/product_bytes.h"
#include "backends/cuda/build/product_result.h"
#include "backends/cuda/build/product_text.h"

namespace cermet::cuda {
namespace {

constexpr int reduce_threads = 128;  // of the kernel that adds partial sums
constexpr int tile_group = 8;        // rows of tiles that run together

// As PTX calls the types that warpgroups multiply.
std::string_view ptx_type(ElementType type) {
  switch (type) {
    case ElementType::float16:
      return "f16";
    case ElementType::bfloat16:
      return "bf16";
    case ElementType::int8:
      return "s8";
    case ElementType::uint8:
      return "u8";
    case ElementType::float8e4m3fn:
      return "e4m3";
    case ElementType::float8e5m2:
      return "e5m2";
    default:
      fail(ErrorCode::internal, "warpgroups do not multiply {}", name(type));
  }
}

// One instruction of a warpgroup: 64 x `columns` sums, 32 bytes deep, of two tiles in shared
// memory.
std::string warpgroup_instruction(const Product& product, int columns) {
  const bool integers = product.bytes && !product.bytes->is_float8();
  const std::string_view sum = product.sum_type();
  std::string registers, operands;
  for (int i = 0; i < columns / 2; ++i) {
    registers += fmt::format("{}%{}", i == 0 ? "" : ", ", i);
    operands += fmt::format("{}\"+{}\"(d[{}])", i == 0 ? "" : ", ", integers ? 'r' : 'f', i);
  }
  const ElementType left = product.bytes ? product.bytes->left : product.type,
                    right = product.bytes ? product.bytes->right : product.type;
  // Bytes lie along the depth, which has no word; integers have no signs of the factors either.
  std::string words = integers ? "" : ", 1, 1";
  if (!product.bytes)
    words += fmt::format(", {}, {}", product.left.along_depth ? 0 : 1,
                         product.right.along_depth ? 0 : 1);
  return fmt::format(
      "#if defined(CERMET_WARPGROUPS) && !defined(CERMET_EMULATED)\n"
      "static __device__ __forceinline__ void warpgroup_instruction({7} (&d)[{0}], uint64 left, "
      "uint64 right) {{\n"
      "asm volatile(\"wgmma.mma_async.sync.aligned.m64n{1}k{8}.{9}.{2}.{10} {{{3}}}, %{0}, %{4}, "
      "1{5};\"\n: {6}\n: \"l\"(left), \"l\"(right));\n}}\n#endif\n",
      columns / 2, columns, ptx_type(left), registers, columns / 2 + 1, words, operands, sum,
      product.bytes ? 32 : 16, integers ? "s32" : "f32", ptx_type(right));
}

// What Tile says of warpgroups' sums, and the types that the factors' elements are of.
std::string warpgroup_constants(const Product& product, int columns) {
  const auto type = [&](ElementType of_bytes) {
    return storage_type(product.bytes ? of_bytes : product.type);
  };
  const ProductBytes bytes = product.bytes.value_or(ProductBytes());
  return fmt::format(
      "using Sum = {};\nusing LeftElement = {};\nusing RightElement = {};\n"
      "static constexpr bool short_sums = {};\n{}",
      product.sum_type(), type(bytes.left), type(bytes.right), product.bytes && bytes.is_float8(),
      warpgroup_instruction(product, columns));
}

// What sums are kept in where there are no warpgroups, and the files that say how.
struct Sums {
  std::string_view type;
  std::vector<std::string_view> files;
};
Sums sums_of(const Product& product, Multiplier multiplier) {
  if (product.bytes) return {"ByteSums", {"gemm_byte_products.cu", "gemm_bytes.cu"}};
  if (multiplier == Multiplier::fma) return {"FmaSums", {"gemm_fma.cu"}};
  return {"TensorSums", {"gemm_tensor.cu"}};
}

class GemmSource {
 public:
  GemmSource(const Product& product, Multiplier multiplier, const Tile& tile, KernelWriter& writer)
      : product_(product), multiplier_(multiplier), tile_(tile), writer_(writer) {}

  // Where sums are left in the workspace, rather than finished.
  void keep_sums_at(const Dim& workspace) { sums_at_ = workspace; }
  // So many blocks of threads go on from tile to tile.
  void go_round(int64_t resident_blocks) { resident_blocks_ = resident_blocks; }

  void write(DeviceSource& into) {
    for (const char* file : {"gemm_tile.cu", "gemm_loaders.cu"}) writer_.include(file);
    if (product_.left.kind == Factor::Kind::image) writer_.include("gemm_image.cu");
    writer_.include("gemm_main_loop.cu");
    const Sums sums = sums_of(product_, multiplier_);
    for (std::string_view file : sums.files) writer_.include(file);
    if (multiplier_ == Multiplier::warpgroup) writer_.include("gemm_warpgroup.cu");
    writer_.include("gemm_epilogue.cu");
    declare_tile();
    place_ = place_text();
    left_ = loader(product_.left, "left", "first_row", "Tile::m");
    right_ = loader(product_.right, "right", "first_column", "Tile::n");
    declare_sums(sums.type);
    if (resident_blocks_)
      write_persistent();
    else
      write_tile();
    const Dim blocks = tiles() * tile_.splits;
    writer_.finish({{resident_blocks_ ? min(blocks, Dim(*resident_blocks_)) : blocks, 1, 1},
                    {tile_.threads(), 1, 1},
                    tile_.shared_bytes(product_.type, multiplier_)},
                   into);
  }

 private:
  void declare_tile() {
    writer_.declare(fmt::format(
        "using Index = {};\nstruct Tile {{\nusing Element = {};\nusing Index = ::Index;\n"
        "static constexpr int m = {}, n = {}, k = {}, warps_m = {}, warps_n = {}, stages = {};\n"
        "static constexpr int threads = {};\nstatic constexpr bool blocks = {};\n{}{}}};\n",
        index_type_of(writer_), storage_type(product_.type), tile_.m, tile_.n, tile_.k,
        tile_.warps_m, tile_.warps_n, tile_.stages, tile_.threads(),
        multiplier_ == Multiplier::warpgroup,
        multiplier_ == Multiplier::warpgroup ? warpgroup_constants(product_, tile_.n) : "",
        byte_constants(product_)));
  }

  Dim tiles() const {
    return ceil_div(product_.rows, Dim(tile_.m)) * ceil_div(product_.columns, Dim(tile_.n)) *
           product_.batches();
  }

  void declare_sums(std::string_view type) {
    constexpr std::string_view factors = "<Tile, Left::Factor, Right::Factor>;\n";
    if (multiplier_ == Multiplier::warpgroup)
      writer_.declare(
          fmt::format("#ifdef CERMET_WARPGROUPS\nusing TileSums = WarpgroupSums{1}"
                      "#else\nusing TileSums = {0}{1}#endif\n",
                      type, factors));
    else
      writer_.declare(fmt::format("using TileSums = {}{}", type, factors));
  }

  void write_tile() {
    writer_.body("const Index block = blockIdx.x;\n" + place_ + left_ + right_ +
                 "const int blocks = end_block - first_block;\n"
                 "begin_blocks<Tile, TileSums>(left, right, blocks);\n"
                 "TileSums sums;\nmultiply_blocks<Tile>(left, right, blocks, sums);\n");
    if (product_.bytes) writer_.body(centre_bytes(writer_, product_));
    if (sums_at_)
      keep_sums();
    else
      finish();
  }

  // Tile after tile: the first blocks of depth of the next one are on their way when the results of
  // the last are finished, whose strips lie behind the stages.
  void write_persistent() {
    ProductResult result(writer_, product_, 16);
    const std::string text = result.finish();
    writer_.body(fmt::format(
        "const auto left_of = [&](Index block) {{\n{0}{1}return left;\n}};\n"
        "const auto right_of = [&](Index block) {{\n{0}{2}return right;\n}};\n"
        "const Index tiles = {3};\nconst int blocks = {4};\n"
        "unsigned char* const strips = dynamic_shared_memory + Tile::stages * "
        "(Left::Factor::bytes + Right::Factor::bytes);\n"
        "Index block = blockIdx.x;\nLeft left = left_of(block);\nRight right = right_of(block);\n"
        "begin_blocks<Tile, TileSums>(left, right, blocks);\n"
        "#pragma unroll 1\n"
        "for (;;) {{\nTileSums sums;\nmultiply_blocks<Tile>(left, right, blocks, sums);\n"
        "const Index next = block + gridDim.x;\n"
        "if (next < tiles) {{\nleft = left_of(next);\nright = right_of(next);\n"
        "begin_blocks<Tile, TileSums>(left, right, blocks);\n}}\n{0}"
        "for_each_pack_at<Tile, {5}, {6}>(strips, sums, {7});\n"
        "if (next >= tiles) break;\nblock = next;\n}}\n",
        place_, left_, right_, index_text(writer_, tiles()),
        index_text(writer_, ceil_div(product_.depth, Dim(tile_.k))), result.pack(),
        Tile::persistent_strip_columns, finisher(result.pack(), text)));
  }

  // Statements that say which tile of which batch, and which blocks of depth of it, `block` is.
  std::string place_text() {
    return fmt::format(
               "const Index rows = {}, columns = {}, depth_blocks = {};\n"
               "const Index tiles_m = (rows + (Tile::m - 1)) / Tile::m, tiles_n = (columns + "
               "(Tile::n - "
               "1)) "
               "/ Tile::n;\n"
               "Index rest = block;\n"
               "const auto tile = place_of_tile<{}>(rest % (tiles_m * tiles_n), tiles_m, "
               "tiles_n);\n"
               "rest /= tiles_m * tiles_n;\n"
               "const Index split = rest % {}, batch = rest / {};\n"
               "const Index first_row = tile.m * Tile::m, first_column = tile.n * Tile::n;\n"
               "const int first_block = static_cast<int>(depth_blocks * split / {});\n"
               "const int end_block = static_cast<int>(depth_blocks * (split + 1) / {});\n"
               "const Index first_depth = static_cast<Index>(first_block) * Tile::k;\n",
               index_text(writer_, product_.rows), index_text(writer_, product_.columns),
               index_text(writer_, ceil_div(product_.depth, Dim(tile_.k))), tile_group,
               tile_.splits, tile_.splits, tile_.splits, tile_.splits) +
           batch_coordinates(writer_, product_);
  }

  std::string image() {
    const ProductImage& image = *product_.image;
    const auto list = [&](const auto& values) {
      std::string text;
      for (const auto& value : values)
        text += (text.empty() ? "" : ", ") + index_text(writer_, Dim(value));
      return fmt::format("{{{}}}", text);
    };
    writer_.declare(fmt::format("using ProductImage = Image<Index, {}, {}, {}, {}, {}>;\n",
                                image.kernel[0], image.kernel[1], image.kernel[2],
                                product_.bytes && product_.bytes->left_zero, image.is_whole));
    return fmt::format("const ProductImage image{{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}}};\n",
                       list(image.positions), list(image.sizes), list(image.steps),
                       list(image.gaps), list(image.padding), list(image.strides),
                       index_text(writer_, image.item_stride),
                       index_text(writer_, image.channel_stride),
                       index_text(writer_, image.channels), outside_of_image(writer_, product_));
  }

  // The declaration of a factor's loader, called `name`.
  std::string loader(const Factor& factor, std::string_view name, std::string_view first,
                     std::string_view tile_rows) {
    const std::string type = name == "left" ? "Left" : "Right";
    const auto made = [&](const std::string& loader, const std::string& arguments) {
      writer_.declare(fmt::format("using {} = {};\n", type, loader));
      return fmt::format("{} {}({});\n", type, name, arguments);
    };
    const std::string from = matrix_text(writer_, product_, factor),
                      rows = index_text(writer_, factor.rows),
                      depth = index_text(writer_, factor.depth);
    if (factor.kind == Factor::Kind::image) {
      const std::string declaration = image();
      const std::string loader =
          factor.along_depth
              ? fmt::format("ImageAlongDepth<Tile, {}, {}, ProductImage>", tile_rows, factor.pack)
              : fmt::format("ImageAlongRows<Tile, {}, ProductImage>", tile_rows);
      return declaration +
             made(loader, fmt::format("{}, image, {}, {}, first_depth", from, first, rows));
    }
    if (factor.along_depth)
      return made(fmt::format("DenseAlongDepth<Tile, {}, {}>", tile_rows, factor.pack),
                  fmt::format("{}, {}, {}, {}, first_depth, {}", from,
                              index_text(writer_, factor.row_stride), first, rows, depth));
    const bool taps = factor.kind == Factor::Kind::taps;
    const std::string kind = taps ? "TapDepth<Index>" : "LinearDepth<Index>";
    const std::string offsets =
        taps ? fmt::format("{}, {}", index_text(writer_, product_.image->channels),
                           product_.image->taps())
             : index_text(writer_, factor.depth_stride);
    return made(
        fmt::format("DenseAlongRows<Tile, {}, {}, {}>", tile_rows, factor.pack, kind),
        fmt::format("{}, {}, {}{{{}}}, {}, {}, first_depth, {}", from,
                    index_text(writer_, factor.row_stride), kind, offsets, first, rows, depth));
  }

  void finish() {
    ProductResult result(writer_, product_, widest_pack());
    const std::string text = result.finish();
    writer_.body(fmt::format("for_each_pack<Tile, {}>(sums, {});\n", result.pack(),
                             finisher(result.pack(), text)));
  }

  // A function of packs of a tile's sums, for statements that finish one of them.
  std::string finisher(int pack, const std::string& statements) const {
    return fmt::format(
        "[&](int tile_row, int tile_column, const {} (&values)[{}]) {{\n"
        "const Index row = first_row + tile_row, column = first_column + tile_column;\n"
        "if (row >= rows || column >= columns) return;\n{}}}",
        product_.sum_type(), pack, statements);
  }

  // All lanes of a warp have a pack of a strip of 16 rows, whichever way the tile is shared.
  int widest_pack() const { return std::min(16, tile_.n / tile_.warps_n); }

  void keep_sums() {
    const PartialSums partial(product_);
    writer_.body(fmt::format(
        "for_each_pack<Tile, {0}>(sums, [&](int tile_row, int tile_column, const {5} "
        "(&values)[{0}]) "
        "{{\nconst Index row = first_row + tile_row, column = first_column + tile_column;\n"
        "if (row >= rows || column >= columns) return;\nPack<{5}, {0}> pack;\n#pragma unroll\n"
        "for (int j = 0; j < {0}; ++j) pack.items[j] = values[j];\n"
        "*reinterpret_cast<Pack<{5}, {0}>*>({1} + static_cast<int64>(split) * {2} + "
        "static_cast<int64>(batch) * {3} + static_cast<int64>(row) * {4} + column) = pack;\n}});\n",
        PartialSums::pack, writer_.workspace(product_.sum_type(), *sums_at_),
        writer_.value(partial.split), writer_.value(partial.batch), writer_.value(partial.line),
        product_.sum_type()));
  }

  const Product& product_;
  const Multiplier multiplier_;
  const Tile& tile_;
  KernelWriter& writer_;
  std::optional<Dim> sums_at_;
  std::optional<int64_t> resident_blocks_;
  std::string place_, left_, right_;  // declarations that a tile needs
};

// Adds the partial sums in the order of the splits and finishes them.
void add_reduction(const Problem& problem, const Product& product, int splits, DeviceSource& into) {
  KernelWriter writer(problem, "gemm_reduce");
  const PartialSums partial(product);
  ProductResult result(writer, product, 8);
  const int pack = result.pack(), load = std::min(pack, PartialSums::pack);
  writer.declare(fmt::format("using Index = {};\n", index_type_of(writer)));
  const Dim packs = ceil_div(product.columns, Dim(pack));
  const Dim total = packs * product.rows * product.batches();
  const std::string finish = result.finish();
  writer.body(fmt::format(
      "const int64 packs = {0};\n"
      "for (int64 i = blockIdx.x * static_cast<int64>({1}) + threadIdx.x; i < packs; i += "
      "gridDim.x * "
      "static_cast<int64>({1})) {{\n"
      "const Index column = static_cast<Index>(i % {2}) * {3};\n"
      "const int64 line = i / {2};\n"
      "const Index row = static_cast<Index>(line % {4}), batch = static_cast<Index>(line / {4});\n"
      "{11} values[{3}];\n#pragma unroll\nfor (int j = 0; j < {3}; ++j) values[j] = 0;\n"
      "const {11}* from = {5} + line * {6} + column;\n#pragma unroll\n"
      "for (int split = 0; split < {7}; ++split) {{\n"
      "#pragma unroll\nfor (int j = 0; j < {3}; j += {8}) {{\n"
      "const Pack<{11}, {8}> part = *reinterpret_cast<const Pack<{11}, {8}>*>(from + j);\n"
      "#pragma unroll\nfor (int e = 0; e < {8}; ++e) values[j + e] += part.items[e];\n}}\n"
      "from += {9};\n}}\n{10}}}\n",
      writer.value(total), reduce_threads, writer.value(packs), pack, writer.value(product.rows),
      writer.workspace(fmt::format("const {}", product.sum_type()), 0), writer.value(partial.line),
      splits, load, writer.value(partial.split), finish, product.sum_type()));
  writer.finish({{blocks_for(total, reduce_threads), 1, 1}, {reduce_threads, 1, 1}}, into);
}

}  // namespace

PartialSums::PartialSums(const Product& product)
    : line(ceil_div(product.columns, Dim(pack)) * pack),
      batch(line * product.rows),
      split(batch * product.batches()) {}

void add_product_sums(const Problem& problem, const Product& product, Multiplier multiplier,
                      const Tile& tile, const Dim& workspace, DeviceSource& into) {
  KernelWriter writer(problem, "gemm");
  GemmSource source(product, multiplier, tile, writer);
  source.keep_sums_at(workspace);
  source.write(into);
}

DeviceSource gemm_source(const TacticQuery& query, const Product& product, Multiplier multiplier,
                         const Tile& tile) {
  DeviceSource source;
  if (tile.splits > 1) {
    add_product_sums(query.problem(), product, multiplier, tile, 0, source);
    source.program.workspace_bytes = PartialSums(product).split * (4 * tile.splits);
    add_reduction(query.problem(), product, tile.splits, source);
    return source;
  }
  KernelWriter writer(query.problem(), "gemm");
  GemmSource gemm(product, multiplier, tile, writer);
  if (tile.persistent) gemm.go_round(rates_of(query.architecture).multiprocessors);
  gemm.write(source);
  return source;
}

}  // namespace cermet::cuda
