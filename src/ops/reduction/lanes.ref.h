// A tensor seen as lanes along one axis, and its rearrangement into rows for reductions.
#pragma once

#include <span>
#include <vector>

#include "ops/evaluate.ref.h"

namespace cermet {

// outer x length x inner elements, the axis in the middle.
struct Lanes {
  int64_t outer = 1;
  int64_t length = 1;
  int64_t inner = 1;

  int64_t count() const { return outer * inner; }
};

Lanes lanes_along(const Shape& shape, int axis);

// Calls f(lane) for each lane of `length` elements, contiguous; what it writes is kept.
template <class T, class F>
void for_each_lane(std::vector<T>& data, const Lanes& lanes, F&& f) {
  if (lanes.inner == 1) {
    for (int64_t o = 0; o < lanes.outer; ++o)
      f(std::span<T>(data.data() + o * lanes.length, static_cast<size_t>(lanes.length)));
    return;
  }
  std::vector<T> lane(static_cast<size_t>(lanes.length));
  for (int64_t o = 0; o < lanes.outer; ++o) {
    for (int64_t i = 0; i < lanes.inner; ++i) {
      T* first = data.data() + o * lanes.length * lanes.inner + i;
      for (int64_t k = 0; k < lanes.length; ++k) lane[k] = first[k * lanes.inner];
      f(std::span<T>(lane));
      for (int64_t k = 0; k < lanes.length; ++k) first[k * lanes.inner] = lane[k];
    }
  }
}

// The reduced and the kept elements of a shape; reduced[d] says whether dimension d is reduced.
struct Rows {
  int64_t count = 1;   // product of the kept sizes
  int64_t length = 1;  // product of the reduced sizes
};

Rows rows_of(const Shape& shape, const std::vector<bool>& reduced);

// For each element in row-major order of (kept dimensions, reduced dimensions): its place in the
// tensor. Empty when the tensor lies that way already.
std::vector<int64_t> row_order(const Shape& shape, const std::vector<bool>& reduced);

// `data` rearranged so that each output's elements are contiguous.
template <class T>
std::vector<T> gather_rows(std::vector<T> data, const Shape& shape,
                           const std::vector<bool>& reduced) {
  const std::vector<int64_t> order = row_order(shape, reduced);
  if (order.empty()) return data;
  std::vector<T> rows(data.size());
  for (size_t i = 0; i < order.size(); ++i) rows[i] = data[order[i]];
  return rows;
}

// The inverse of gather_rows.
template <class T>
std::vector<T> scatter_rows(std::vector<T> rows, const Shape& shape,
                            const std::vector<bool>& reduced) {
  const std::vector<int64_t> order = row_order(shape, reduced);
  if (order.empty()) return rows;
  std::vector<T> data(rows.size());
  for (size_t i = 0; i < order.size(); ++i) data[order[i]] = rows[i];
  return data;
}

}  // namespace cermet
