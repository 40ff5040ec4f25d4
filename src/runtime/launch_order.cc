#include "runtime/launch_order.h"

#include <algorithm>
#include <optional>

namespace cermet {
namespace {

bool any_overlap(const std::vector<MemoryPiece>& a, const std::vector<MemoryPiece>& b) {
  return std::any_of(a.begin(), a.end(), [&](const MemoryPiece& piece) {
    return std::any_of(b.begin(), b.end(),
                       [&](const MemoryPiece& other) { return overlap(piece, other); });
  });
}

bool conflict(const LaunchMemory& earlier, const LaunchMemory& later) {
  return any_overlap(earlier.writes, later.reads) || any_overlap(earlier.writes, later.writes) ||
         any_overlap(earlier.reads, later.writes);
}

// The last launch of each stream so far; of the first one nothing, if it has none.
using Tails = std::vector<std::optional<size_t>>;

std::optional<size_t> stream_of(const Tails& tails, size_t launch) {
  const auto found = std::find(tails.begin(), tails.end(), std::optional(launch));
  if (found == tails.end()) return std::nullopt;
  return static_cast<size_t>(found - tails.begin());
}

size_t choose_stream(const LaunchOrder& order, size_t launch, const Tails& tails, size_t most) {
  for (const size_t predecessor : order.predecessors(launch))
    if (const auto stream = stream_of(tails, predecessor)) return *stream;
  for (size_t stream = 0; stream < tails.size(); ++stream)
    if (!tails[stream] || order.waits_for(launch, *tails[stream])) return stream;
  if (tails.size() < most) return tails.size();
  return static_cast<size_t>(std::min_element(tails.begin(), tails.end()) - tails.begin());
}

}  // namespace

MemoryPiece piece_of(const void* data, size_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(data);
  return {begin, begin + bytes, 0, 0};
}

MemoryPiece piece_of(const void* data, ElementType type, const Shape& shape, const Layout& layout) {
  MemoryPiece piece = piece_of(data, byte_size(type, shape, layout));
  if (layout.pitch == 0) return piece;
  piece.row = byte_size(type, row_elements(shape, layout));
  piece.pitch = byte_size(type, layout.pitch);
  return piece;
}

bool overlap(const MemoryPiece& a, const MemoryPiece& b) {
  if (a.begin >= b.end || b.begin >= a.end) return false;
  if (a.pitch == 0 || a.pitch != b.pitch) return true;
  if (a.begin > b.begin) return overlap(b, a);
  // How far into a's rows those of b begin.
  const size_t into = (b.begin - a.begin) % a.pitch;
  return into < a.row || into + b.row > a.pitch;
}

LaunchOrder::LaunchOrder(std::span<const LaunchMemory> launches)
    : predecessors_(launches.size()), ancestors_(launches.size()) {
  for (size_t i = 0; i < launches.size(); ++i) {
    std::vector<bool>& ancestors = ancestors_[i];
    ancestors.resize(i);
    for (size_t j = i; j-- > 0;) {
      if (ancestors[j] || !conflict(launches[j], launches[i])) continue;
      predecessors_[i].push_back(j);
      ancestors[j] = true;
      for (size_t k = 0; k < j; ++k) ancestors[k] = ancestors[k] || ancestors_[j][k];
    }
  }
}

StreamedLaunches deal_out(const LaunchOrder& order, size_t most_auxiliary) {
  StreamedLaunches result;
  result.launches.resize(order.size());
  std::vector<size_t> successors(order.size(), 0);
  Tails tails(1);
  std::vector<std::optional<size_t>> in_front(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    StreamedLaunch& launch = result.launches[i];
    launch.stream = choose_stream(order, i, tails, most_auxiliary + 1);
    if (launch.stream == tails.size()) tails.emplace_back();
    in_front[i] = tails[launch.stream];
    for (const size_t predecessor : order.predecessors(i)) {
      ++successors[predecessor];
      if (result.launches[predecessor].stream == launch.stream) continue;
      launch.waits.push_back(predecessor);
      result.launches[predecessor].signals = true;
    }
    tails[launch.stream] = i;
  }
  for (size_t i = 0; i < order.size(); ++i)
    result.launches[i].overlaps = in_front[i] && result.launches[i].waits.empty() &&
                                  order.predecessors(i) == std::vector{*in_front[i]} &&
                                  successors[*in_front[i]] == 1;
  result.streams = tails.size();
  return result;
}

}  // namespace cermet
