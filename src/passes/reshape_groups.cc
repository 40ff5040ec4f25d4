#include "passes/reshape_groups.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace cermet {
namespace {

Dim product_of(const Dims& dims, size_t begin, size_t end) {
  Dim result = 1;
  for (size_t d = begin; d < end; ++d) result = result * dims[d];
  return result;
}

// The smallest group of dimensions above 1 that begins there.
std::optional<ReshapeGroup> group_at(const Dims& from, size_t i, const Dims& to, size_t k) {
  for (size_t count = 2; count <= from.size() - i + to.size() - k; ++count)
    for (size_t a = 1; a < count && i + a <= from.size(); ++a) {
      const size_t b = count - a;
      if (k + b > to.size()) continue;
      if (product_of(from, i, i + a) == product_of(to, k, k + b))
        return ReshapeGroup{i, i + a, k, k + b};
    }
  return std::nullopt;
}

bool are_neighbours(const ReshapeGroup& group, const Permutation& order) {
  for (size_t d = group.from + 1; d < group.from_end; ++d)
    if (order[d] != order[d - 1] + 1) return false;
  return true;
}

}  // namespace

std::optional<std::vector<ReshapeGroup>> reshape_groups(const Dims& from, const Dims& to) {
  const auto is_zero = [](const Dim& dim) { return dim.is_constant(0); };
  if (std::any_of(from.begin(), from.end(), is_zero)) return std::nullopt;
  std::vector<ReshapeGroup> groups;
  size_t i = 0, k = 0;
  while (i < from.size() || k < to.size()) {
    const bool one_goes = i < from.size() && from[i].is_constant(1);
    const bool one_comes = k < to.size() && to[k].is_constant(1);
    ReshapeGroup group{i, i, k, k};
    if (one_goes || one_comes) {
      group.from_end += one_goes;
      group.to_end += one_comes;
    } else {
      const auto found = group_at(from, i, to, k);
      if (!found) return std::nullopt;
      group = *found;
    }
    groups.push_back(group);
    i = group.from_end;
    k = group.to_end;
  }
  return groups;
}

std::optional<Permutation> order_behind_reshape(const std::vector<ReshapeGroup>& groups,
                                                const Permutation& order) {
  // Groups in the order in which they lie before the transpose; one that comes from nothing stays
  // behind the one before it.
  std::vector<int64_t> places(groups.size(), -1);
  for (size_t g = 0; g < groups.size(); ++g) {
    if (!are_neighbours(groups[g], order)) return std::nullopt;
    if (groups[g].from < groups[g].from_end)
      places[g] = order[groups[g].from];
    else if (g > 0)
      places[g] = places[g - 1];
  }
  std::vector<size_t> sorted(groups.size());
  std::iota(sorted.begin(), sorted.end(), size_t{0});
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](size_t a, size_t b) { return places[a] < places[b]; });
  Permutation result(groups.empty() ? 0 : groups.back().to_end);
  int64_t place = 0;
  for (size_t g : sorted)
    for (size_t d = groups[g].to; d < groups[g].to_end; ++d) result[d] = place++;
  return result;
}

Dims before_transpose(const Dims& dims, const Permutation& order) {
  Dims result(dims.size());
  for (size_t d = 0; d < dims.size(); ++d) result[order[d]] = dims[d];
  return result;
}

bool is_reshaping(const Node& node) {
  static constexpr std::array<std::string_view, 4> names{"Reshape", "Flatten", "Squeeze",
                                                         "Unsqueeze"};
  return node.domain.empty() && !node.epilogue &&
         std::find(names.begin(), names.end(), node.op) != names.end();
}

}  // namespace cermet
