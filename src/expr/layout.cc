#include "expr/layout.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "base/error.h"

namespace cermet {
namespace {

// "b1x16" and "p1x2304": which dimension, or how many, and a size.
struct Suffix {
  int which = -1;
  int64_t size = 0;
};

// Takes a suffix off the text; nothing where another letter comes, or the numbers are no numbers.
std::optional<Suffix> take_suffix(std::string_view& text, char letter) {
  if (text.empty() || text.front() != letter) return std::nullopt;
  Suffix suffix;
  const char* const end = text.data() + text.size();
  const auto which = std::from_chars(text.data() + 1, end, suffix.which);
  if (which.ec != std::errc() || which.ptr == end || *which.ptr != 'x') return std::nullopt;
  const auto size = std::from_chars(which.ptr + 1, end, suffix.size);
  if (size.ec != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(size.ptr - text.data()));
  return suffix;
}

// Reads what follows the order; false where that is no layout.
bool parse_suffixes(std::string_view text, Layout& layout) {
  if (const auto block = take_suffix(text, 'b')) {
    if (block->which < 0 || block->which >= 16 || block->size <= 0 || block->size > 1024)
      return false;
    layout.block_axis = static_cast<int8_t>(block->which);
    layout.block = static_cast<int16_t>(block->size);
  } else if (const auto row = take_suffix(text, 'p')) {
    if (row->which < 1 || row->which > 16 || row->size <= 0) return false;
    layout.row_dims = static_cast<int8_t>(row->which);
    layout.pitch = row->size;
  }
  return text.empty();
}

bool is_permutation(const std::vector<int8_t>& order) {
  std::vector<bool> seen(order.size(), false);
  for (int8_t dimension : order) {
    if (dimension >= static_cast<int>(seen.size()) || seen[dimension]) return false;
    seen[dimension] = true;
  }
  return true;
}

size_t dimension_at(const Layout& layout, size_t i) {
  return layout.order.empty() ? i : static_cast<size_t>(layout.order[i]);
}

// How many dimensions of a tensor of that rank lie outside of a row.
size_t outside_of_row(const Layout& layout, size_t rank) {
  const auto inside = static_cast<size_t>(layout.row_dims);
  return inside < rank ? rank - inside : 0;
}

struct Rows {
  int64_t count = 0;
  size_t bytes = 0, distance = 0;
};

Rows rows_of(ElementType type, const Shape& shape, const Layout& layout) {
  const int64_t row = row_elements(shape, layout);
  require(layout.pitch >= row, ErrorCode::invalid_argument,
          "rows of {} elements, {} elements apart: expected that they don't overlap", row,
          layout.pitch);
  require(bit_width(type) >= 8, ErrorCode::unsupported, "elements of type {} in rows of a pitch",
          name(type));
  const int64_t count = row == 0 ? 0 : element_count(shape) / row;
  return {count, byte_size(type, row), byte_size(type, layout.pitch)};
}

}  // namespace

Layout Layout::channels_last(int rank) {
  Layout layout;
  if (rank < 3) return layout;
  layout.order.push_back(0);
  for (int d = 2; d < rank; ++d) layout.order.push_back(static_cast<int8_t>(d));
  layout.order.push_back(1);
  return layout;
}

std::string Layout::to_string() const {
  if (is_row_major()) return "row-major";
  std::string text;
  for (int8_t dimension : order) text += static_cast<char>('0' + dimension);
  if (block_axis >= 0) text += fmt::format("b{}x{}", block_axis, block);
  if (pitch != 0) text += fmt::format("p{}x{}", row_dims, pitch);
  return text;
}

Layout Layout::parse(std::string_view text) {
  Layout layout;
  if (text == "row-major") return layout;
  size_t at = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
    layout.order.push_back(static_cast<int8_t>(text[at] - '0'));
  require(parse_suffixes(text.substr(at), layout) && is_permutation(layout.order),
          ErrorCode::invalid_argument,
          "\"{}\" is not a layout; expected row-major or a permutation such as 0231", text);
  return layout;
}

int64_t row_elements(const Shape& shape, const Layout& layout) {
  Shape row;
  for (size_t i = outside_of_row(layout, shape.size()); i < shape.size(); ++i)
    row.push_back(shape[dimension_at(layout, i)]);
  return element_count(row);
}

size_t byte_size(ElementType type, const Shape& shape, const Layout& layout) {
  if (layout.pitch != 0) {
    const Rows rows = rows_of(type, shape, layout);
    if (rows.count == 0) return 0;
    size_t bytes = 0;
    require(!__builtin_mul_overflow(static_cast<size_t>(rows.count - 1), rows.distance, &bytes) &&
                !__builtin_add_overflow(bytes, rows.bytes, &bytes) &&
                bytes <= static_cast<size_t>(std::numeric_limits<ptrdiff_t>::max()),
            ErrorCode::out_of_range, "{} rows, {} bytes apart, exceed the address space",
            rows.count, rows.distance);
    return bytes;
  }
  if (layout.block_axis < 0) return byte_size(type, element_count(shape));
  Shape padded = shape;
  int64_t& size = padded.at(layout.block_axis);
  size = (size + layout.block - 1) / layout.block * layout.block;
  return byte_size(type, element_count(padded));
}

Tensor gathered_rows(const std::byte* from, ElementType type, const Shape& shape,
                     const Layout& layout) {
  const Rows rows = rows_of(type, shape, layout);
  Tensor result(type, shape);
  auto* to = static_cast<std::byte*>(result.view().data);
  for (int64_t i = 0; i < rows.count; ++i)
    std::copy_n(from + static_cast<size_t>(i) * rows.distance, rows.bytes,
                to + static_cast<size_t>(i) * rows.bytes);
  return result;
}

Tensor spread_rows(const Tensor& tensor, const Layout& layout) {
  const Rows rows = rows_of(tensor.type(), tensor.shape(), layout);
  const size_t bytes = byte_size(tensor.type(), tensor.shape(), layout);
  const size_t element = byte_size(tensor.type(), 1);
  Tensor result(tensor.type(), {static_cast<int64_t>(bytes / element)});
  const auto* from = static_cast<const std::byte*>(tensor.data());
  auto* to = static_cast<std::byte*>(result.view().data);
  std::fill_n(to, result.bytes(), std::byte{0});
  for (int64_t i = 0; i < rows.count; ++i)
    std::copy_n(from + static_cast<size_t>(i) * rows.bytes, rows.bytes,
                to + static_cast<size_t>(i) * rows.distance);
  return result;
}

std::vector<int64_t> strides(const Shape& shape, const Layout& layout) {
  std::vector<int64_t> result(shape.size());
  const size_t row_begins =
      layout.pitch != 0 ? outside_of_row(layout, shape.size()) : shape.size() + 1;
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (i + 1 == row_begins) stride = layout.pitch;
    const size_t dimension = dimension_at(layout, i);
    result[dimension] = stride;
    stride *= shape[dimension];
  }
  return result;
}

}  // namespace cermet
