// Pad as copies of boxes: each dimension is cut into pieces that are read at one stride, or filled.
#include <algorithm>
#include <limits>

#include "backends/cpu/run/movement.h"
#include "base/error.h"

namespace cermet::cpu {
namespace {

struct Piece {
  int64_t to = 0, count = 0;
  int64_t from = 0, step = 0;
  bool fill = false;
};

// What is kept, between two margins that are filled.
std::vector<Piece> filled_pieces(int64_t first, int64_t kept, int64_t before, int64_t result) {
  if (kept <= 0 && result > 0) return {{0, result, 0, 0, true}};
  std::vector<Piece> pieces;
  const int64_t behind = before + kept;
  if (before > 0) pieces.push_back({0, before, 0, 0, true});
  if (kept > 0) pieces.push_back({before, kept, first, 1, false});
  if (behind < result) pieces.push_back({behind, result - behind, 0, 0, true});
  return pieces;
}

// What is read at index `at` of a dimension whose `kept` elements are repeated without end, and how
// many of its neighbours follow at the same step.
Piece repeated(int64_t at, int64_t kept, std::string_view mode) {
  constexpr int64_t endless = std::numeric_limits<int64_t>::max();
  if (mode == "edge" && at >= kept) return {0, endless, kept - 1, 0};
  if (kept == 1) return {0, endless, 0, 0};
  if (mode == "edge") return at < 0 ? Piece{0, -at, 0, 0} : Piece{0, kept - at, at, 1};
  const int64_t period = mode == "wrap" ? kept : 2 * (kept - 1);
  at = (at % period + period) % period;
  return at < kept ? Piece{0, kept - at, at, 1} : Piece{0, period - at, period - at, -1};
}

// Negative pads cut first, and the margins repeat what is left.
std::vector<Piece> pieces_of(int64_t size, int64_t before, int64_t result, std::string_view mode) {
  const int64_t after = result - size - before;
  const int64_t first = std::max<int64_t>(0, -before);
  const int64_t kept = size - first - std::max<int64_t>(0, -after);
  const int64_t margin = std::max<int64_t>(0, before);
  if (mode == "constant") return filled_pieces(first, kept, margin, result);
  require(kept > 0 || result == 0, ErrorCode::runtime,
          "Pad: mode {} has nothing to repeat in an empty dimension", mode);
  std::vector<Piece> pieces;
  for (int64_t i = 0; i < result; i += pieces.back().count) {
    Piece piece = repeated(i - margin, kept, mode);
    piece.to = i;
    piece.count = std::min(piece.count, result - i);
    piece.from += first;
    pieces.push_back(piece);
  }
  return pieces;
}

}  // namespace

std::vector<MovementCopy> pad_copies(const MovementContext& c) {
  const size_t rank = c.input(0).size();
  const std::string mode = c.problem.attributes.text("mode", "constant");
  const std::vector<int64_t> pads = c.integers(1).value();
  const auto axes = c.integers(3);
  std::vector<int64_t> before(rank, 0);
  for (size_t i = 0; i < pads.size() / 2; ++i)
    before[axes ? c.axis((*axes)[i], rank) : i] = pads[i];
  std::vector<std::vector<Piece>> pieces;
  for (size_t d = 0; d < rank; ++d) {
    pieces.push_back(pieces_of(c.input(0)[d], before[d], c.output(0)[d], mode));
    if (pieces.back().empty()) return {};
  }
  const std::vector<int64_t> from = c.input_strides(0), to = c.output_strides(0);
  std::vector<MovementCopy> copies;
  for (std::vector<size_t> chosen(rank, 0);;) {
    Shape sizes(rank);
    std::vector<int64_t> read(rank);
    int64_t from_offset = 0, to_offset = 0;
    bool fill = false;
    for (size_t d = 0; d < rank; ++d) {
      const Piece& piece = pieces[d][chosen[d]];
      sizes[d] = piece.count;
      read[d] = piece.step * from[d];
      from_offset += piece.from * from[d];
      to_offset += piece.to * to[d];
      fill = fill || piece.fill;
    }
    if (fill) read.assign(rank, 0);
    copies.push_back(c.copy(fill ? 2 : 0, read, fill ? 0 : from_offset, 0, sizes, to, to_offset));
    size_t d = rank;
    while (d > 0 && ++chosen[d - 1] == pieces[d - 1].size()) chosen[--d] = 0;
    if (d == 0) return copies;
  }
}

}  // namespace cermet::cpu
