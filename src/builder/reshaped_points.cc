#include "builder/reshaped_points.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "ops/evaluate.ref.h"

namespace cermet {
namespace {

int64_t flat(const Shape& shape, const std::vector<int64_t>& index) {
  int64_t place = 0;
  for (size_t d = 0; d < shape.size(); ++d) place = place * shape[d] + index[d];
  return place;
}

std::vector<int64_t> unflattened(const Shape& shape, int64_t place) {
  std::vector<int64_t> index(shape.size());
  for (size_t d = shape.size(); d-- > 0; place /= shape[d]) index[d] = place % shape[d];
  return index;
}

Shape slice(const Shape& shape, size_t first, size_t last) {
  return {shape.begin() + static_cast<std::ptrdiff_t>(first),
          shape.begin() + static_cast<std::ptrdiff_t>(last)};
}

}  // namespace

bool only_reshapes(const Node& node) {
  static constexpr std::array<std::string_view, 4> names{"Reshape", "Flatten", "Squeeze",
                                                         "Unsqueeze"};
  return node.domain.empty() && std::find(names.begin(), names.end(), node.op) != names.end();
}

ReshapedPoints::ReshapedPoints(const Shape& from, const Shape& to, const Grid& grid) {
  require(element_count(from) == element_count(to) && element_count(from) > 0,
          ErrorCode::unsupported, "{} can't be read as {}", to_string(from), to_string(to));
  for (size_t i = 0, o = 0; i < from.size() || o < to.size();) {
    const size_t first_i = i, first_o = o;
    int64_t a = i < from.size() ? from[i++] : 1, b = o < to.size() ? to[o++] : 1;
    while (a != b)
      if (a < b)
        a *= from[i++];
      else
        b *= to[o++];
    add_group(slice(from, first_i, i), slice(to, first_o, o),
              Grid(grid.begin() + static_cast<std::ptrdiff_t>(first_o),
                   grid.begin() + static_cast<std::ptrdiff_t>(o)));
  }
}

void ReshapedPoints::add_group(const Shape& from, const Shape& to, const Grid& grid) {
  if (from == to || is_whole(grid, to)) {
    const Grid source = from == to ? grid : whole_grid(from);
    source_.insert(source_.end(), source.begin(), source.end());
    groups_.push_back(element_count(shape_of(source)));
    places_.push_back(whole_grid({groups_.back()})[0]);
    return;
  }
  std::vector<std::vector<int64_t>> wanted;  // coordinates in the source
  std::vector<std::set<int64_t>> read(from.size());
  for_each_index(shape_of(grid), [&](const std::vector<int64_t>& index, int64_t) {
    std::vector<int64_t> point(index.size());
    for (size_t d = 0; d < index.size(); ++d) point[d] = grid[d][index[d]];
    wanted.push_back(unflattened(from, flat(to, point)));
    for (size_t d = 0; d < from.size(); ++d) read[d].insert(wanted.back()[d]);
  });
  Grid source;
  for (const auto& coordinates : read) source.emplace_back(coordinates.begin(), coordinates.end());
  std::vector<int64_t> places;
  for (const auto& point : wanted) {
    std::vector<int64_t> position(from.size());
    for (size_t d = 0; d < from.size(); ++d)
      position[d] =
          std::lower_bound(source[d].begin(), source[d].end(), point[d]) - source[d].begin();
    places.push_back(flat(shape_of(source), position));
  }
  source_.insert(source_.end(), source.begin(), source.end());
  places_.push_back(std::move(places));
  groups_.push_back(element_count(shape_of(source)));
}

Tensor ReshapedPoints::of(const Tensor& source, const Shape& shape) const {
  return at_grid(source.reshaped(groups_).view(), places_).reshaped(shape);
}

}  // namespace cermet
