#include "ops/reduction/top_k.ref.h"

#include <algorithm>
#include <numeric>

#include "ops/reduction/lanes.ref.h"

namespace cermet {
namespace {

// A total order in which NaN is the largest number.
template <class T>
bool less(T a, T b) {
  if (b != b) return a == a;
  return a < b;
}

// The k first places of a lane in order of preference; equal values by index.
template <class T>
std::vector<int64_t> choose(std::span<const T> lane, int64_t k, bool largest) {
  std::vector<int64_t> order(lane.size());
  std::iota(order.begin(), order.end(), 0);
  std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](int64_t a, int64_t b) {
    const T x = largest ? lane[b] : lane[a];
    const T y = largest ? lane[a] : lane[b];
    if (less(x, y)) return true;
    return !less(y, x) && a < b;
  });
  order.resize(static_cast<size_t>(k));
  return order;
}

}  // namespace

void infer_top_k(InferContext& ctx) {
  if (!ctx.has_rank(0)) {
    ctx.set_output_rank_unknown(0, ctx.element(0));
    return ctx.set_output_rank_unknown(1, ElementType::int64);
  }
  const int axis = ctx.axis(ctx.attributes().integer("axis", -1), ctx.rank(0));
  Dims dims = ctx.dims(0);
  const auto k = ctx.contents(1);
  ctx.require(!k || k->size() == 1, "K: expected one number, got {}", k ? k->size() : 0);
  const Dim count = k ? (*k)[0] : ctx.new_dim("k");
  if (count.is_constant() && dims[axis].is_constant())
    ctx.require(count.constant() >= 0 && count.constant() <= dims[axis].constant(),
                "K: expected a number of at most the size {} of axis {}, got {}",
                dims[axis].constant(), axis, count.constant());
  dims[axis] = count;
  ctx.set_output(0, ctx.element(0), dims);
  ctx.set_output(1, ElementType::int64, dims);
}

void evaluate_top_k(EvalContext& ctx) {
  const ConstTensorView& x = ctx.input(0);
  const int axis = ctx.axis(ctx.attributes().integer("axis", -1), x.shape.size());
  const bool largest = ctx.attributes().integer("largest", 1) != 0;
  const Lanes lanes = lanes_along(x.shape, axis);
  Shape shape = x.shape;
  shape[axis] = constants(*ctx.inferred(0).dims)[axis];
  const int64_t k = shape[axis];
  dispatch_real(x.type, [&]<class T>() {
    std::vector<T> data = load_all<T>(x);
    std::vector<T> values(static_cast<size_t>(element_count(shape)));
    std::vector<int64_t> indices(values.size());
    int64_t number = 0;
    for_each_lane(data, lanes, [&](std::span<T> lane) {
      const std::vector<int64_t> chosen = choose<T>(lane, k, largest);
      const int64_t first = number / lanes.inner * k * lanes.inner + number % lanes.inner;
      for (int64_t i = 0; i < k; ++i) {
        values[first + i * lanes.inner] = lane[chosen[i]];
        indices[first + i * lanes.inner] = chosen[i];
      }
      ++number;
    });
    if (ctx.wants_output(0)) store_all(ctx.output(0), values);
    if (ctx.wants_output(1)) store_all(ctx.output(1), indices);
  });
}

}  // namespace cermet
