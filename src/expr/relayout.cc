#include "expr/relayout.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "base/error.h"
#include "base/parallel.h"

namespace cermet {
namespace {

// Elements of T from one place to another, in the order in which they are written.
template <class T>
void move_elements(const Tensor& tensor, const Layout& from, const Layout& to, Tensor& result) {
  const Shape& shape = tensor.shape();
  const size_t rank = shape.size();
  const std::vector<int64_t> read = strides(shape, from), write = strides(shape, to);
  std::vector<size_t> order(rank);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return write[a] > write[b]; });
  const T* source = tensor.as<T>();
  T* target = result.view().as<T>();
  const size_t inner = rank > 0 ? order.back() : 0;
  const int64_t run = rank > 0 ? shape[inner] : 1, step = rank > 0 ? read[inner] : 0;
  if (tensor.elements() == 0) return;
  constexpr int64_t least = 1 << 16;  // elements of a thread
  in_parallel(tensor.elements() / run, std::max<int64_t>(1, least / run),
              [&](int64_t begin, int64_t end) {
                std::vector<int64_t> index(rank, 0);
                int64_t at = 0, rest = begin;
                for (size_t k = rank > 0 ? rank - 1 : 0; k-- > 0;) {
                  const size_t d = order[k];
                  index[d] = rest % shape[d];
                  rest /= shape[d];
                  at += index[d] * read[d];
                }
                T* to_run = target + begin * run;
                for (int64_t number = begin; number < end; ++number) {
                  for (int64_t i = 0; i < run; ++i) *to_run++ = source[at + i * step];
                  for (size_t k = rank > 0 ? rank - 1 : 0; k-- > 0;) {
                    const size_t d = order[k];
                    at += read[d];
                    if (++index[d] < shape[d]) break;
                    at -= read[d] * shape[d];
                    index[d] = 0;
                  }
                }
              });
}

struct TwoWords {
  uint64_t words[2];
};

}  // namespace

Tensor relayout(const Tensor& tensor, const Layout& from, const Layout& to) {
  if (from == to) return tensor;
  require(from.pitch == 0, ErrorCode::unsupported, "the layout {}", from.to_string());
  if (to.pitch != 0) {
    Layout dense = to;
    dense.row_dims = 0;
    dense.pitch = 0;
    // The shape of the bytes, outermost first, says where rows end.
    const Tensor moved = relayout(tensor, from, dense);
    Shape shape;
    for (size_t i = 0; i < moved.shape().size(); ++i)
      shape.push_back(moved.shape()[dense.order.empty() ? i : dense.order[i]]);
    dense = {};
    dense.row_dims = to.row_dims;
    dense.pitch = to.pitch;
    return spread_rows(moved.reshaped(shape), dense);
  }
  for (const Layout& layout : {from, to})
    require(layout.block_axis < 0, ErrorCode::unsupported, "the layout {}", layout.to_string());
  Tensor result(tensor.type(), tensor.shape());
  switch (bit_width(tensor.type())) {
    case 8:
      move_elements<uint8_t>(tensor, from, to, result);
      break;
    case 16:
      move_elements<uint16_t>(tensor, from, to, result);
      break;
    case 32:
      move_elements<uint32_t>(tensor, from, to, result);
      break;
    case 64:
      move_elements<uint64_t>(tensor, from, to, result);
      break;
    case 128:
      move_elements<TwoWords>(tensor, from, to, result);
      break;
    default:
      fail(ErrorCode::unsupported, "elements of type {} under a layout", name(tensor.type()));
  }
  return result;
}

}  // namespace cermet
