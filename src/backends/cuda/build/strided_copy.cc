#include "backends/cuda/build/strided_copy.h"

#include <algorithm>

namespace cermet::cuda {
namespace {

// Fewer elements are no tile worth a block.
constexpr int64_t least_tile = 256;
// Packs of a tile that keep most threads of a block busy.
constexpr int64_t least_packs = loop_threads * 3 / 4;

// Copies pack by pack, or element by element, in the order of the result.
class PackCopy {
 public:
  PackCopy(KernelWriter& writer, const StridedCopy& copy)
      : copy_(copy),
        writer_(writer),
        bytes_(element_bytes(*writer.problem().outputs[copy.output])),
        type_(moved_type(bytes_)),
        flat_(copy.sizes.size() == 1 && copy.from[0].is_constant(1)) {
    if (copy_.sizes.empty()) {  // a single element
      copy_.sizes = {1};
      copy_.from = copy_.to = {1};
    }
    choose_pack();
  }

  Grid grid() const { return loop_grid(copy_.sizes, pack_); }

  // Statements, with the types they use.
  std::string text() {
    const OperandSizes sizes(writer_.problem());
    const std::string from = writer_.input_as(copy_.input, type_);
    const std::string to = writer_.output_as(copy_.output, type_);
    const auto at = loop_coordinates(copy_.sizes.size());
    std::string text = fmt::format(
        "using index_t = {};\nusing element_t = {};\nusing pack_t = Pack<element_t, {}>;\n",
        loop_index_type({copy_.sizes, sizes.input(copy_.input), sizes.output(copy_.output)}), type_,
        pack_);
    text += begin_loop(writer_, copy_.sizes, pack_);
    text += fmt::format("const element_t* x = {} + ({});\nelement_t* y = {} + ({});\n{}}}\n", from,
                        linear(writer_, copy_.from_offset, at, copy_.from), to,
                        linear(writer_, copy_.to_offset, at, copy_.to), move());
    return flat_ && pack_ > 1 ? text + rest(from, to) : text;
  }

 private:
  // The widest pack that begins at multiples of its size wherever it is written, and read if the
  // source's elements lie side by side.
  void choose_pack() {
    if (!copy_.to.back().is_constant(1)) return;
    const bool side_by_side = copy_.from.back().is_constant(1);
    for (pack_ = 16 / bytes_; pack_ > 1; pack_ /= 2) {
      bool fits = (flat_ || divides(pack_, copy_.sizes.back())) && divides(pack_, copy_.to_offset);
      if (side_by_side) fits = fits && divides(pack_, copy_.from_offset);
      for (size_t d = 0; d + 1 < copy_.sizes.size(); ++d) {
        fits = fits && divides(pack_, copy_.to[d]);
        if (side_by_side) fits = fits && divides(pack_, copy_.from[d]);
      }
      if (fits) return;
    }
  }

  std::string move() {
    const Dim& step = copy_.from.back();
    if (pack_ == 1) return "*y = *x;\n";
    if (step.is_constant(1))
      return "*reinterpret_cast<pack_t*>(y) = *reinterpret_cast<const pack_t*>(x);\n";
    const std::string read =
        step.is_constant(0) ? "first" : fmt::format("x[j * {}]", index_value(writer_, step));
    return fmt::format(
        "{}pack_t pack;\n#pragma unroll\nfor (int j = 0; j < {}; ++j) pack.items[j] = {};\n"
        "*reinterpret_cast<pack_t*>(y) = pack;\n",
        step.is_constant(0) ? "const element_t first = *x;\n" : "", pack_, read);
  }

  // The elements behind the last full pack.
  std::string rest(const std::string& from, const std::string& to) {
    const Dim& size = copy_.sizes[0];
    if (divides(pack_, size)) return "";
    return fmt::format(
        "const index_t done = points * {0}, left = {1} - done;\n"
        "if (blockIdx.x == 0 && threadIdx.x < left)\n"
        "{3}[{5} + done + threadIdx.x] = {2}[{4} + done + threadIdx.x];\n",
        pack_, index_value(writer_, size), from, to, linear(writer_, copy_.from_offset, {}, {}),
        linear(writer_, copy_.to_offset, {}, {}));
  }

  StridedCopy copy_;
  KernelWriter& writer_;
  int bytes_;
  std::string_view type_;
  bool flat_;
  int pack_ = 1;
};

// Several copies by one launch: the block's second coordinate says which.
void add_pack_copies(const Problem& problem, std::span<const StridedCopy> copies,
                     DeviceSource& into) {
  KernelWriter writer(problem, "strided_copy");
  declare_moved_types(writer);
  Grid grid = PackCopy(writer, copies[0]).grid();
  for (size_t k = 0; k < copies.size(); ++k) {
    PackCopy copy(writer, copies[k]);
    if (copies.size() == 1) {
      writer.body(copy.text());
      continue;
    }
    writer.body(fmt::format("if (blockIdx.y == {}) {{\n{}}}\n", k, copy.text()));
    grid.blocks[0] = max(grid.blocks[0], copy.grid().blocks[0]);
  }
  grid.blocks[1] = static_cast<int64_t>(copies.size());
  writer.finish(grid, into);
}

// A dimension's part of a tile: all of a short one.
int64_t tile_of(const Dim& size, int64_t side) {
  return size.is_constant() && size.constant() <= side ? size.constant() : side;
}

// Transposes through tiles in shared memory: dimension `a` is the result's innermost one, `b` the
// source's.
class TileCopy {
 public:
  TileCopy(const Problem& problem, const StridedCopy& copy, size_t b, int side)
      : copy_(copy),
        writer_(problem, "transpose_tiles"),
        bytes_(element_bytes(*problem.outputs[copy.output])),
        a_(copy.sizes.size() - 1),
        b_(b) {
    if (bytes_ == 16) side = std::min(side, 32);
    if (bytes_ == 8) side = std::min(side, 32);
    a_tile_ = tile_of(size_a(), side);
    b_tile_ = tile_of(size_b(), side);
    // A short dimension leaves room for more of the other one.
    if (a_tile_ < side) b_tile_ = tile_of(size_b(), longer(a_tile_, side));
    if (b_tile_ < side) a_tile_ = tile_of(size_a(), longer(b_tile_, side));
    from_pack_ = pack_of(true);
    to_pack_ = pack_of(false);
  }

  void add(DeviceSource& into) {
    declare_moved_types(writer_);
    writer_.include("transpose_tile.cu");
    const OperandSizes sizes(writer_.problem());
    writer_.declare(fmt::format(
        "using index_t = {};\nusing element_t = {};\n",
        loop_index_type({copy_.sizes, sizes.input(copy_.input), sizes.output(copy_.output)}),
        moved_type(bytes_)));
    const std::string from = writer_.input_as(copy_.input, moved_type(bytes_));
    const std::string to = writer_.output_as(copy_.output, moved_type(bytes_));
    writer_.body(place());
    std::vector<std::string> at = loop_coordinates(copy_.sizes.size());
    writer_.body(fmt::format(
        "transpose_tile<element_t, index_t, {}, {}, {}, {}, {}>(\n{} + ({}), {},\n{} + ({}), {},\n"
        "{} - c{}, {} - c{});\n",
        a_tile_, b_tile_, loop_threads, from_pack_, to_pack_, from,
        linear(writer_, copy_.from_offset, at, copy_.from), index_value(writer_, copy_.from[a_]),
        to, linear(writer_, copy_.to_offset, at, copy_.to), index_value(writer_, copy_.to[b_]),
        index_value(writer_, size_a()), a_, index_value(writer_, size_b()), b_));
    Dim blocks = 1;
    for (size_t d = 0; d < copy_.sizes.size(); ++d) blocks = blocks * parts(d);
    writer_.finish({{blocks, 1, 1}, {loop_threads, 1, 1}}, into);
  }

 private:
  const Dim& size_a() const { return copy_.sizes[a_]; }
  const Dim& size_b() const { return copy_.sizes[b_]; }

  static int64_t longer(int64_t other, int64_t side) {
    return std::clamp<int64_t>(side * side / std::max<int64_t>(other, 1) / 64 * 64, side, 1024);
  }

  Dim parts(size_t d) const {
    if (d == a_) return ceil_div(copy_.sizes[d], Dim(a_tile_));
    if (d == b_) return ceil_div(copy_.sizes[d], Dim(b_tile_));
    return copy_.sizes[d];
  }

  // Elements that are read (or written) at once. A pack lies in a row of the tile, or goes on in
  // the next row where rows follow one another in memory.
  int pack_of(bool reads) const {
    const Dims& strides = reads ? copy_.from : copy_.to;
    const size_t inner = reads ? b_ : a_, outer = reads ? a_ : b_;
    const int64_t inner_tile = reads ? b_tile_ : a_tile_, outer_tile = reads ? a_tile_ : b_tile_;
    const bool rows_follow =
        copy_.sizes[inner].is_constant(inner_tile) && strides[outer].is_constant(inner_tile);
    int pack = 16 / bytes_;
    for (; pack > 1; pack /= 2) {
      bool fits = divides(pack, reads ? copy_.from_offset : copy_.to_offset) &&
                  a_tile_ * b_tile_ / pack >= least_packs;
      for (size_t d = 0; d < copy_.sizes.size(); ++d)
        if (d != a_ && d != b_) fits = fits && divides(pack, strides[d]);
      if (!fits) continue;
      if (rows_follow && divides(pack, copy_.sizes[outer] * inner_tile) &&
          outer_tile * inner_tile % pack == 0)
        break;
      if (inner_tile % pack == 0 && divides(pack, copy_.sizes[inner]) &&
          divides(pack, strides[outer]))
        break;
    }
    return pack;
  }

  // The coordinates at which the block's tile begins; `b` counts fastest, then `a`.
  std::string place() {
    std::string text = "index_t rest = blockIdx.x;\n";
    std::vector<size_t> order;
    for (size_t d = 0; d < copy_.sizes.size(); ++d)
      if (d != a_ && d != b_) order.push_back(d);
    order.insert(order.end(), {a_, b_});
    for (size_t k = order.size(); k-- > 0;) {
      const size_t d = order[k];
      const std::string scale = d == a_   ? fmt::format(" * {}", a_tile_)
                                : d == b_ ? fmt::format(" * {}", b_tile_)
                                          : "";
      if (k == 0)
        text += fmt::format("const index_t c{} = rest{};\n", d, scale);
      else
        text += fmt::format("const index_t c{0} = rest % {1}{2};\nrest /= {1};\n", d,
                            index_value(writer_, parts(d)), scale);
    }
    return text;
  }

  StridedCopy copy_;
  KernelWriter writer_;
  int bytes_;
  size_t a_, b_;
  int64_t a_tile_ = 1, b_tile_ = 1;
  int from_pack_ = 1, to_pack_ = 1;
};

}  // namespace

void StridedCopy::normalise(const std::vector<size_t>& order) {
  const StridedCopy whole = *this;
  sizes.clear();
  from.clear();
  to.clear();
  for (size_t d : order) {
    if (whole.sizes[d].is_constant(1)) continue;
    const bool follows = !sizes.empty() && from.back() == whole.from[d] * whole.sizes[d] &&
                         to.back() == whole.to[d] * whole.sizes[d];
    if (follows) {
      sizes.back() = sizes.back() * whole.sizes[d];
      from.back() = whole.from[d];
      to.back() = whole.to[d];
    } else {
      sizes.push_back(whole.sizes[d]);
      from.push_back(whole.from[d]);
      to.push_back(whole.to[d]);
    }
  }
}

std::optional<size_t> StridedCopy::transposed_dimension() const {
  if (sizes.size() < 2 || !to.back().is_constant(1)) return std::nullopt;
  if (from.back().is_constant(1) || from.back().is_constant(0)) return std::nullopt;
  for (size_t b = 0; b + 1 < sizes.size(); ++b) {
    if (!from[b].is_constant(1)) continue;
    int64_t elements = 1;
    for (size_t d : {b, sizes.size() - 1}) {
      const int64_t most = 1024;
      elements *= sizes[d].is_constant() ? std::min(sizes[d].constant(), most) : most;
    }
    if (elements >= least_tile) return b;
  }
  return std::nullopt;
}

void add_strided_copies(const Problem& problem, std::span<const StridedCopy> copies, int tile,
                        size_t together, DeviceSource& into) {
  std::vector<StridedCopy> packs;
  const auto flush = [&] {
    if (!packs.empty()) add_pack_copies(problem, packs, into);
    packs.clear();
  };
  for (const StridedCopy& copy : copies) {
    if (const auto b = copy.transposed_dimension()) {
      TileCopy(problem, copy, *b, tile).add(into);
      continue;
    }
    packs.push_back(copy);
    if (packs.size() == together) flush();
  }
  flush();
}

}  // namespace cermet::cuda
