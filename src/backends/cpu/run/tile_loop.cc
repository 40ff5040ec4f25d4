#include "backends/cpu/run/tile_loop.h"

#include <algorithm>

#include "base/error.h"

namespace cermet::cpu {
namespace {

constexpr size_t stage_size = tile_size * 8;

size_t element_size(ElementType type) { return static_cast<size_t>(bit_width(type)) / 8; }

}  // namespace

// The elements of one tile: rows of the innermost two dimensions, beginning at the walk's place.
struct TileLoop::Tile {
  int64_t rows = 0, columns = 0;
};

TileLoop::TileLoop(const TileProgram& program, std::span<const std::optional<Placed>> operands,
                   std::span<const Placed> results)
    : program_(program) {
  const Shape& shape = results[0].shape;
  const std::vector<int> order = dimension_order(results[0].layout, shape.size());
  StridedLoop loop;
  loop.sizes = permuted(shape, order);
  const auto add = [&](std::vector<Track>& tracks, size_t index, ElementType type,
                       const Placed& placed) {
    tracks.push_back({index, element_size(type), {}, false, 0});
    loop.strides.push_back(permuted(broadcast_strides(placed.shape, placed.layout, shape), order));
  };
  for (int i = 0; i < program.operand_count(); ++i)
    if (program.operand_type(i) != ElementType::undefined)
      add(operands_, i, program.operand_type(i), operands[i].value());
  for (size_t i = 0; i < results.size(); ++i) add(results_, i, program.result_type(i), results[i]);
  elements_ = loop.points();
  loop.collapse();
  loop.extend(2);
  sizes_ = loop.sizes;
  for (size_t i = 0; i < loop.strides.size(); ++i)
    (i < operands_.size() ? operands_[i] : results_[i - operands_.size()]).strides =
        loop.strides[i];
  plan_staging();
}

void TileLoop::plan_staging() {
  const size_t last = sizes_.size() - 1;
  for (auto* tracks : {&operands_, &results_})
    for (Track& track : *tracks) {
      const bool rows_join = track.strides[last - 1] == sizes_[last] || sizes_[last - 1] == 1 ||
                             sizes_[last] >= tile_size;
      const bool contiguous = (track.strides[last] == 1 || sizes_[last] == 1) && rows_join;
      if (contiguous) continue;
      track.staged = true;
      track.stage_offset = stage_bytes_;
      stage_bytes_ += stage_size;
    }
}

size_t TileLoop::scratch_bytes() const {
  const size_t counters = (sizes_.size() + 3 * operands_.size()) * sizeof(int64_t) +
                          (operands_.size() + results_.size()) * sizeof(void*);
  return program_.scratch_bytes() + stage_bytes_ + (counters + 63) / 64 * 64;
}

// One thread's way through a range of elements.
class TileLoop::Walk {
 public:
  Walk(const TileLoop& loop, std::span<const void* const> operands, std::span<void* const> results,
       void* scratch)
      : loop_(loop), operands_(operands), results_(results) {
    auto* memory = static_cast<std::byte*>(scratch);
    frame_ = loop.program_.frame(memory);
    stages_ = memory + loop.program_.scratch_bytes();
    counters_ = reinterpret_cast<int64_t*>(stages_ + loop.stage_bytes_);
    kept_ = reinterpret_cast<Kept*>(counters_ + loop.sizes_.size());
    for (size_t i = 0; i < loop.operands_.size(); ++i) kept_[i] = Kept{};
  }

  void run(int64_t begin, int64_t end) {
    const size_t rank = loop_.sizes_.size();
    const int64_t columns = loop_.sizes_[rank - 1], rows = loop_.sizes_[rank - 2];
    seek(begin);
    for (int64_t at = begin; at < end;) {
      int64_t& column = counters_[rank - 1];
      int64_t& row = counters_[rank - 2];
      Tile tile;
      tile.columns = std::min({columns - column, end - at, tile_size});
      tile.rows = 1;
      if (tile.columns == columns)
        tile.rows = std::min({tile_size / columns, rows - row, (end - at) / columns});
      compute(tile);
      at += tile.rows * tile.columns;
      column += tile.columns;
      if (column < columns) continue;
      column = 0;
      row += tile.rows;
      carry();
    }
  }

 private:
  // What lies in an operand's stage: so many elements of a place that repeats.
  struct Kept {
    const std::byte* from = nullptr;
    int64_t columns = 0;
    int64_t rows = 0;
  };

  void seek(int64_t element) {
    for (size_t d = loop_.sizes_.size(); d-- > 0;) {
      counters_[d] = element % loop_.sizes_[d];
      element /= loop_.sizes_[d];
    }
  }

  void carry() {
    for (size_t d = loop_.sizes_.size() - 2; d > 0 && counters_[d] == loop_.sizes_[d]; --d) {
      counters_[d] = 0;
      ++counters_[d - 1];
    }
  }

  int64_t offset(const Track& track) const {
    int64_t elements = 0;
    for (size_t d = 0; d < track.strides.size(); ++d) elements += counters_[d] * track.strides[d];
    return elements * static_cast<int64_t>(track.element_bytes);
  }

  void compute(const Tile& tile) {
    for (size_t i = 0; i < loop_.operands_.size(); ++i) {
      const Track& track = loop_.operands_[i];
      const auto* from = static_cast<const std::byte*>(operands_[track.index]) + offset(track);
      frame_.operands[track.index] = track.staged ? staged(track, kept_[i], from, tile) : from;
    }
    for (const Track& track : loop_.results_)
      frame_.results[track.index] =
          track.staged ? stages_ + track.stage_offset
                       : static_cast<std::byte*>(results_[track.index]) + offset(track);
    loop_.program_.run(frame_, tile.rows * tile.columns);
    for (const Track& track : loop_.results_) {
      if (!track.staged) continue;
      const size_t last = track.strides.size() - 1;
      copy_rows(
          {tile.rows, tile.columns, tile.columns, 1, track.strides[last - 1], track.strides[last]},
          track.element_bytes, stages_ + track.stage_offset,
          static_cast<std::byte*>(results_[track.index]) + offset(track));
    }
  }

  // Rows that repeat are copied once for as long as the walk stays at them.
  const void* staged(const Track& track, Kept& kept, const std::byte* from, const Tile& tile) {
    std::byte* stage = stages_ + track.stage_offset;
    const size_t last = track.strides.size() - 1;
    const int64_t row = track.strides[last - 1], column = track.strides[last];
    const bool same_rows = row == 0 ? kept.rows >= tile.rows : kept.rows == 1 && tile.rows == 1;
    const bool same_columns = kept.columns == tile.columns ||
                              (column == 0 && tile.rows == 1 && kept.columns >= tile.columns);
    if (kept.from == from && same_rows && same_columns) return stage;
    copy_rows({tile.rows, tile.columns, row, column, tile.columns, 1}, track.element_bytes, from,
              stage);
    kept = {from, tile.columns, tile.rows};
    return stage;
  }

  const TileLoop& loop_;
  std::span<const void* const> operands_;
  std::span<void* const> results_;
  TileProgram::Frame frame_;
  std::byte* stages_ = nullptr;
  int64_t* counters_ = nullptr;
  Kept* kept_ = nullptr;
};

void TileLoop::run(std::span<const void* const> operands, std::span<void* const> results,
                   void* scratch, int64_t begin, int64_t end) const {
  if (begin < end) Walk(*this, operands, results, scratch).run(begin, end);
}

}  // namespace cermet::cpu
