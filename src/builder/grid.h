// Points of a tensor as a product of coordinates: some of every dimension.
#pragma once

#include <cstdint>
#include <vector>

#include "cermet/tensor.h"
#include "expr/layout.h"

namespace cermet {

// The coordinates along each dimension, ascending.
using Grid = std::vector<std::vector<int64_t>>;

Grid whole_grid(const Shape& shape);
bool is_whole(const Grid& grid, const Shape& shape);
Shape shape_of(const Grid& grid);  // of a tensor that holds the grid's points alone

// The elements at the grid's points, row-major. Here coordinates may also descend.
Tensor at_grid(const ConstTensorView& tensor, const Grid& grid);
// The same of a tensor whose elements lie under a layout without blocks.
Tensor at_grid(const ConstTensorView& tensor, const Layout& layout, const Grid& grid);

// At least `points` points, or all where there are no more: of each dimension both ends, places
// before and behind the edges of usual tiles, and others by chance. The same seed gives the same
// ones.
Grid sample_grid(const Shape& shape, int64_t points, uint64_t seed);

// The same of whole rows, of as many as make up the points and some more: for results of which a
// row costs little more than one of its elements.
Grid row_grid(const Shape& shape, int64_t points, uint64_t seed);

// The coordinates `from`, each of which is in `among`, as positions there.
std::vector<int64_t> positions_in(const std::vector<int64_t>& among,
                                  const std::vector<int64_t>& from);

// Numbers that follow from a seed, the same on every machine.
class SeededNumbers {
 public:
  explicit SeededNumbers(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t bits = state_;
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
    return bits ^ bits >> 31;
  }
  // In [low, high).
  double real(double low, double high) {
    return low + (high - low) * (static_cast<double>(next() >> 11) * 0x1p-53);
  }
  int64_t integer(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(next() % static_cast<uint64_t>(high - low));
  }

 private:
  uint64_t state_;
};

}  // namespace cermet
