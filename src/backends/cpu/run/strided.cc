#include "backends/cpu/run/strided.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include "base/error.h"

namespace cermet::cpu {
namespace {

// `count` times the value at `from`, which lies outside `to`.
template <class T>
void repeat(const std::byte* from, int64_t count, std::byte* to) {
  std::array<T, 64 / sizeof(T)> line;
  std::memcpy(line.data(), from, sizeof(T));
  std::fill(line.begin() + 1, line.end(), line[0]);
  const auto each = static_cast<int64_t>(line.size());
  for (; count >= each; count -= each, to += 64) std::memcpy(to, line.data(), 64);
  for (; count > 0; --count, to += sizeof(T)) std::memcpy(to, from, sizeof(T));
}

template <class T>
void copy_elements_of(const RowCopy& c, const std::byte* from, std::byte* to) {
  for (int64_t r = 0; r < c.rows; ++r) {
    const std::byte* source = from + r * c.from_row * static_cast<int64_t>(sizeof(T));
    std::byte* target = to + r * c.to_row * static_cast<int64_t>(sizeof(T));
    const int64_t from_step = c.from_column * static_cast<int64_t>(sizeof(T));
    const int64_t to_step = c.to_column * static_cast<int64_t>(sizeof(T));
    if (c.from_column == 0 && c.to_column == 1) {
      repeat<T>(source, c.columns, target);
    } else if (c.from_column == 0) {
      T value;
      std::memcpy(&value, source, sizeof(T));
      for (int64_t i = 0; i < c.columns; ++i) std::memcpy(target + i * to_step, &value, sizeof(T));
    } else {
      for (int64_t i = 0; i < c.columns; ++i)
        std::memcpy(target + i * to_step, source + i * from_step, sizeof(T));
    }
  }
}

struct Pair {
  uint64_t low, high;
};

}  // namespace

int64_t StridedLoop::points() const {
  int64_t count = 1;
  for (int64_t size : sizes) count *= size;
  return count;
}

void StridedLoop::collapse() {
  size_t kept = 0;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] == 1) continue;
    bool joins = kept > 0;
    for (const auto& s : strides) joins = joins && s[kept - 1] == s[d] * sizes[d];
    if (!joins) ++kept;
    sizes[kept - 1] = joins ? sizes[kept - 1] * sizes[d] : sizes[d];
    for (auto& s : strides) s[kept - 1] = s[d];
  }
  sizes.resize(kept);
  for (auto& s : strides) s.resize(kept);
}

void StridedLoop::extend(size_t rank) {
  while (sizes.size() < rank) {
    sizes.insert(sizes.begin(), 1);
    for (auto& s : strides) s.insert(s.begin(), 0);
  }
}

std::vector<int64_t> broadcast_strides(const Shape& shape, const Layout& layout,
                                       const Shape& result) {
  require(layout.is_dense(), ErrorCode::internal, "the layout {} has no strides",
          layout.to_string());
  require(shape.size() <= result.size(), ErrorCode::internal, "{} does not broadcast to {}",
          to_string(shape), to_string(result));
  const std::vector<int64_t> own = strides(shape, layout);
  std::vector<int64_t> all(result.size(), 0);
  const size_t missing = result.size() - shape.size();
  for (size_t d = 0; d < shape.size(); ++d) {
    require(shape[d] == 1 || shape[d] == result[missing + d], ErrorCode::internal,
            "{} does not broadcast to {}", to_string(shape), to_string(result));
    all[missing + d] = shape[d] == 1 ? 0 : own[d];
  }
  return all;
}

std::vector<int> dimension_order(const Layout& layout, size_t rank) {
  std::vector<int> order(rank);
  std::iota(order.begin(), order.end(), 0);
  if (!layout.order.empty()) order.assign(layout.order.begin(), layout.order.end());
  return order;
}

std::vector<int64_t> permuted(std::span<const int64_t> values, std::span<const int> order) {
  std::vector<int64_t> result;
  for (int d : order) result.push_back(values[d]);
  return result;
}

void copy_rows(const RowCopy& copy, size_t element_bytes, const void* from, void* to) {
  const auto* source = static_cast<const std::byte*>(from);
  auto* target = static_cast<std::byte*>(to);
  const auto bytes = static_cast<int64_t>(element_bytes);
  if (copy.from_column == 1 && copy.to_column == 1) {
    for (int64_t r = 0; r < copy.rows; ++r)
      std::memcpy(target + r * copy.to_row * bytes, source + r * copy.from_row * bytes,
                  static_cast<size_t>(copy.columns * bytes));
    return;
  }
  switch (element_bytes) {
    case 1:
      return copy_elements_of<uint8_t>(copy, source, target);
    case 2:
      return copy_elements_of<uint16_t>(copy, source, target);
    case 4:
      return copy_elements_of<uint32_t>(copy, source, target);
    case 8:
      return copy_elements_of<uint64_t>(copy, source, target);
    case 16:
      return copy_elements_of<Pair>(copy, source, target);
    default:
      fail(ErrorCode::internal, "elements of {} bytes", element_bytes);
  }
}

}  // namespace cermet::cpu
