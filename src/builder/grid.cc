#include "builder/grid.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <set>

#include "ops/evaluate.ref.h"

namespace cermet {
namespace {

// Calls f(offset) for the place of each row of the grid, a row being its last dimension.
template <class F>
void for_each_row(const std::vector<int64_t>& strides, const Grid& grid, F&& f) {
  Shape rows = shape_of(grid);
  rows.pop_back();
  for_each_index(rows, [&](const std::vector<int64_t>& index, int64_t) {
    int64_t offset = 0;
    for (size_t d = 0; d < index.size(); ++d) offset += grid[d][index[d]] * strides[d];
    f(offset);
  });
}

template <class T>
void gather_rows(const ConstTensorView& tensor, const std::vector<int64_t>& strides,
                 const Grid& grid, const TensorView& result) {
  const T* from = tensor.as<T>();
  T* to = result.as<T>();
  const std::vector<int64_t>& row = grid.back();
  const int64_t stride = strides.back();
  const bool dense = static_cast<int64_t>(row.size()) == tensor.shape.back() && stride == 1 &&
                     std::is_sorted(row.begin(), row.end());
  for_each_row(strides, grid, [&](int64_t offset) {
    if (dense)
      std::memcpy(to, from + offset, row.size() * sizeof(T));
    else
      for (size_t i = 0; i < row.size(); ++i) to[i] = from[offset + row[i] * stride];
    to += row.size();
  });
}

void gather_elements(const ConstTensorView& tensor, const std::vector<int64_t>& strides,
                     const Grid& grid, const TensorView& result) {
  int64_t to = 0;
  for_each_row(strides, grid, [&](int64_t offset) {
    for (int64_t c : grid.back())
      copy_elements(tensor, offset + c * strides.back(), result, to++, 1);
  });
}

// Coordinates of one dimension, the places where tiles begin and end first.
std::vector<int64_t> sample(int64_t size, int64_t count, SeededNumbers& numbers) {
  std::vector<int64_t> all(static_cast<size_t>(size));
  std::iota(all.begin(), all.end(), 0);
  if (count >= size) return all;
  std::set<int64_t> chosen;
  const auto add = [&](int64_t c) {
    if (c >= 0 && c < size && static_cast<int64_t>(chosen.size()) < count) chosen.insert(c);
  };
  add(0);
  add(size - 1);
  for (int64_t tile : {16, 6, 64}) {
    add(size / tile * tile);
    add(size / tile * tile - 1);
    add(tile);
    add(tile - 1);
    if (static_cast<int64_t>(chosen.size()) > count / 2) break;
  }
  while (static_cast<int64_t>(chosen.size()) < count) add(numbers.integer(0, size));
  return {chosen.begin(), chosen.end()};
}

}  // namespace

Grid whole_grid(const Shape& shape) {
  Grid grid;
  for (int64_t size : shape) {
    grid.emplace_back(static_cast<size_t>(size));
    std::iota(grid.back().begin(), grid.back().end(), 0);
  }
  return grid;
}

bool is_whole(const Grid& grid, const Shape& shape) { return shape_of(grid) == shape; }

Shape shape_of(const Grid& grid) {
  Shape shape;
  for (const auto& coordinates : grid) shape.push_back(static_cast<int64_t>(coordinates.size()));
  return shape;
}

Tensor at_grid(const ConstTensorView& tensor, const Grid& grid) {
  return at_grid(tensor, Layout{}, grid);
}

Tensor at_grid(const ConstTensorView& tensor, const Layout& layout, const Grid& grid) {
  Tensor result(tensor.type, shape_of(grid));
  if (grid.empty()) {
    copy_elements(tensor, 0, result.view(), 0, 1);
    return result;
  }
  const std::vector<int64_t> places = strides(tensor.shape, layout);
  const bool strings = tensor.type == ElementType::string;
  switch (strings ? 0 : bit_width(tensor.type)) {
    case 8:
      gather_rows<uint8_t>(tensor, places, grid, result.view());
      break;
    case 16:
      gather_rows<uint16_t>(tensor, places, grid, result.view());
      break;
    case 32:
      gather_rows<uint32_t>(tensor, places, grid, result.view());
      break;
    case 64:
      gather_rows<uint64_t>(tensor, places, grid, result.view());
      break;
    default:
      gather_elements(tensor, places, grid, result.view());
  }
  return result;
}

Grid sample_grid(const Shape& shape, int64_t points, uint64_t seed) {
  int64_t each = 1;
  const auto enough = [&] {
    int64_t product = 1;
    bool all = true;
    for (int64_t size : shape) {
      product *= std::min(size, each);
      all &= size <= each;
    }
    return all || product >= points;
  };
  while (!enough()) ++each;
  SeededNumbers numbers(seed);
  Grid grid;
  for (int64_t size : shape) grid.push_back(sample(size, each, numbers));
  return grid;
}

Grid row_grid(const Shape& shape, int64_t points, uint64_t seed) {
  constexpr int64_t fewest_rows = 16;
  if (shape.empty() || shape.back() == 0) return sample_grid(shape, points, seed);
  const int64_t rows = (points + shape.back() - 1) / shape.back();
  Grid grid = sample_grid({shape.begin(), shape.end() - 1}, std::max(rows, fewest_rows), seed);
  grid.push_back(whole_grid({shape.back()})[0]);
  return grid;
}

std::vector<int64_t> positions_in(const std::vector<int64_t>& among,
                                  const std::vector<int64_t>& from) {
  std::vector<int64_t> positions;
  for (int64_t c : from)
    positions.push_back(std::lower_bound(among.begin(), among.end(), c) - among.begin());
  return positions;
}

}  // namespace cermet
