#include "ops/reduction/arg.ref.h"

#include "ops/reduction/lanes.ref.h"

namespace cermet {
namespace {

// The first NaN wins, as in numpy; otherwise the first or last of equal extremes.
template <class T>
int64_t extreme_index(std::span<const T> lane, bool largest, bool last) {
  size_t best = 0;
  for (size_t i = 0; i < lane.size(); ++i) {
    const T v = lane[i];
    if (v != v) return static_cast<int64_t>(i);
    const bool better = largest ? v > lane[best] : v < lane[best];
    if (better || (last && v == lane[best])) best = i;
  }
  return static_cast<int64_t>(best);
}

}  // namespace

void infer_arg(InferContext& ctx) {
  if (!ctx.has_rank(0)) return ctx.set_output_rank_unknown(0, ElementType::int64);
  ctx.require(ctx.rank(0) > 0, "expected an input of rank 1 or more, got a scalar");
  const int axis = ctx.axis(ctx.attributes().integer("axis", 0), ctx.rank(0));
  Dims dims = ctx.dims(0);
  ctx.require(!dims[axis].is_constant(0), "axis {} has size 0, so nothing can be chosen", axis);
  if (ctx.attributes().integer("keepdims", 1) != 0)
    dims[axis] = 1;
  else
    dims.erase(dims.begin() + axis);
  ctx.set_output(0, ElementType::int64, std::move(dims));
}

void evaluate_arg(EvalContext& ctx) {
  const ConstTensorView& x = ctx.input(0);
  const int axis = ctx.axis(ctx.attributes().integer("axis", 0), x.shape.size());
  const bool largest = ctx.op() == "ArgMax";
  const bool last = ctx.attributes().integer("select_last_index", 0) != 0;
  std::vector<int64_t> result;
  dispatch_real(x.type, [&]<class T>() {
    std::vector<T> data = load_all<T>(x);
    for_each_lane(data, lanes_along(x.shape, axis), [&](std::span<T> lane) {
      result.push_back(extreme_index<T>(lane, largest, last));
    });
  });
  store_all(ctx.output(0), result);
}

}  // namespace cermet
