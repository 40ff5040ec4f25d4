#include "backends/cpu/run/strided_copy.h"

#include <algorithm>
#include <cstring>

namespace cermet::cpu {
namespace {

constexpr int64_t panel_rows = 32;

template <class T>
void transpose_block(int64_t rows, int64_t columns, const std::byte* from, int64_t from_row,
                     std::byte* to, int64_t to_row) {
  constexpr auto size = static_cast<int64_t>(sizeof(T));
  for (int64_t c0 = 0; c0 < columns; c0 += panel_rows)
    for (int64_t c = c0; c < std::min(c0 + panel_rows, columns); ++c)
      for (int64_t r = 0; r < rows; ++r)
        std::memcpy(to + (c * to_row + r) * size, from + (r * from_row + c) * size, sizeof(T));
}

struct Sixteen {
  uint64_t low, high;
};

}  // namespace

StridedCopy::StridedCopy(StridedLoop loop, int64_t from_offset, int64_t to_offset,
                         size_t element_bytes, InstructionSet set)
    : loop_(std::move(loop)),
      from_offset_(from_offset),
      to_offset_(to_offset),
      element_bytes_(static_cast<int64_t>(element_bytes)),
      transpose_32_(cermet::cpu::transpose_32(set)) {
  const int64_t points = loop_.points();
  loop_.collapse();
  loop_.extend(2);
  order_transposition();
  if (points == 0) return;
  split_long_rows();
  const size_t last = loop_.sizes.size() - 1;
  panel_ = transposes_ ? std::min(panel_rows, loop_.sizes[last - 1]) : 1;
  const int64_t panels = (loop_.sizes[last - 1] + panel_ - 1) / panel_;
  units_ = panels;
  for (size_t d = 0; d + 1 < last; ++d) units_ *= loop_.sizes[d];
  unit_bytes_ = std::max<int64_t>(1, points * element_bytes_ / units_);
}

// The target runs along the innermost dimension; where the source runs along another one, that one
// moves beside it: the plane of both is copied in panels. Its dimensions then are (target's,
// source's) strides: the last has source stride 1, the one before target stride 1.
void StridedCopy::order_transposition() {
  const size_t last = loop_.sizes.size() - 1;
  const auto& from = loop_.strides[0];
  if (from[last] == 1 || from[last] == 0 || loop_.strides[1][last] != 1) return;
  for (size_t d = 0; d < last; ++d) {
    if (from[d] != 1 || loop_.sizes[d] < 2) continue;
    const auto move_to_end = [&](std::vector<int64_t>& list) {
      const int64_t value = list[d];
      list.erase(list.begin() + static_cast<int64_t>(d));
      list.push_back(value);
    };
    move_to_end(loop_.sizes);
    for (auto& s : loop_.strides) move_to_end(s);
    transposes_ = true;
    return;
  }
}

// Rows become several, or a plane of a single panel several planes, so that threads can share them.
void StridedCopy::split_long_rows() {
  if (transposes_ && loop_.sizes[loop_.sizes.size() - 2] > panel_rows) return;
  const int inside = transposes_ ? 2 : 1;  // dimensions of a piece
  int64_t piece = loop_.sizes.back();
  while (piece > 4096 && piece % 2 == 0) piece /= 2;
  const int64_t pieces = loop_.sizes.back() / piece;
  if (pieces == 1) return;
  loop_.sizes.back() = piece;
  loop_.sizes.insert(loop_.sizes.end() - inside, pieces);
  for (auto& s : loop_.strides) s.insert(s.end() - inside, s.back() * piece);
}

void StridedCopy::run(const void* from, void* to, int worker, int workers) const {
  const int64_t begin = units_ * worker / workers, end = units_ * (worker + 1) / workers;
  if (begin < end)
    run_units(static_cast<const std::byte*>(from) + from_offset_ * element_bytes_,
              static_cast<std::byte*>(to) + to_offset_ * element_bytes_, begin, end);
}

void StridedCopy::run_units(const std::byte* from, std::byte* to, int64_t begin,
                            int64_t end) const {
  const size_t last = loop_.sizes.size() - 1;
  const int64_t rows = loop_.sizes[last - 1];
  const int64_t panels = (rows + panel_ - 1) / panel_;
  for (int64_t unit = begin; unit < end;) {
    int64_t plane = unit / panels;
    const int64_t panel = unit - plane * panels;
    const int64_t count = std::min(end - unit, panels - panel);
    int64_t from_at = 0, to_at = 0;
    for (size_t d = last - 1; d-- > 0;) {
      const int64_t index = plane % loop_.sizes[d];
      plane /= loop_.sizes[d];
      from_at += index * loop_.strides[0][d];
      to_at += index * loop_.strides[1][d];
    }
    copy_plane(from + from_at * element_bytes_, to + to_at * element_bytes_, panel * panel_,
               std::min(rows, (panel + count) * panel_));
    unit += count;
  }
}

void StridedCopy::copy_plane(const std::byte* from, std::byte* to, int64_t row_begin,
                             int64_t row_end) const {
  const size_t last = loop_.sizes.size() - 1;
  const int64_t from_row = loop_.strides[0][last - 1], to_row = loop_.strides[1][last - 1];
  const int64_t columns = loop_.sizes[last];
  if (!transposes_) {
    return copy_rows({row_end - row_begin, columns, from_row, loop_.strides[0][last], to_row,
                      loop_.strides[1][last]},
                     static_cast<size_t>(element_bytes_),
                     from + row_begin * from_row * element_bytes_,
                     to + row_begin * to_row * element_bytes_);
  }
  const int64_t to_column = loop_.strides[1][last];
  for (int64_t r = row_begin; r < row_end; r += panel_) {
    const int64_t rows = std::min(panel_, row_end - r);
    const std::byte* source = from + r * from_row * element_bytes_;
    std::byte* target = to + r * to_row * element_bytes_;
    switch (element_bytes_) {
      case 1:
        transpose_block<uint8_t>(rows, columns, source, from_row, target, to_column);
        break;
      case 2:
        transpose_block<uint16_t>(rows, columns, source, from_row, target, to_column);
        break;
      case 4:
        transpose_32_(rows, columns, source, from_row, target, to_column);
        break;
      case 8:
        transpose_block<uint64_t>(rows, columns, source, from_row, target, to_column);
        break;
      default:
        transpose_block<Sixteen>(rows, columns, source, from_row, target, to_column);
    }
  }
}

}  // namespace cermet::cpu
