#include "expr/layout.h"

#include <charconv>

#include "base/error.h"

namespace cermet {

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
  return text;
}

Layout Layout::parse(std::string_view text) {
  Layout layout;
  if (text == "row-major") return layout;
  size_t at = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
    layout.order.push_back(static_cast<int8_t>(text[at] - '0'));
  bool whole = true;
  if (at < text.size()) {
    const size_t cross = text.find('x', at);
    whole = text[at] == 'b' && cross != text.npos;
    if (whole) {
      int axis = -1, block = 0;
      std::from_chars(text.data() + at + 1, text.data() + cross, axis);
      std::from_chars(text.data() + cross + 1, text.data() + text.size(), block);
      whole = axis >= 0 && axis < 16 && block > 0 && block <= 1024;
      layout.block_axis = static_cast<int8_t>(axis);
      layout.block = static_cast<int16_t>(block);
    }
  }
  std::vector<bool> seen(layout.order.size(), false);
  for (int8_t dimension : layout.order) {
    whole = whole && dimension < static_cast<int>(seen.size()) && !seen[dimension];
    if (whole) seen[dimension] = true;
  }
  require(whole, ErrorCode::invalid_argument,
          "\"{}\" is not a layout; expected row-major or a permutation such as 0231", text);
  return layout;
}

size_t byte_size(ElementType type, const Shape& shape, const Layout& layout) {
  if (layout.block_axis < 0) return byte_size(type, element_count(shape));
  Shape padded = shape;
  int64_t& size = padded.at(layout.block_axis);
  size = (size + layout.block - 1) / layout.block * layout.block;
  return byte_size(type, element_count(padded));
}

std::vector<int64_t> strides(const Shape& shape, const Layout& layout) {
  std::vector<int64_t> result(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    const size_t dimension = layout.order.empty() ? i : layout.order[i];
    result[dimension] = stride;
    stride *= shape[dimension];
  }
  return result;
}

}  // namespace cermet
