#include "ops/reduction/cumulative.ref.h"

#include "ops/reduction/lanes.ref.h"

namespace cermet {
namespace {

template <class T>
void accumulate(std::span<T> lane, bool product, bool exclusive, bool reverse) {
  T total = product ? 1 : 0;
  for (size_t i = 0; i < lane.size(); ++i) {
    T& element = lane[reverse ? lane.size() - 1 - i : i];
    const T value = element;
    const T before = total;
    total = product ? total * value : total + value;
    element = exclusive ? before : total;
  }
}

}  // namespace

void infer_cumulative(InferContext& ctx) {
  ctx.set_output(0, ctx.input(0));
  const auto axis = ctx.integers(1);
  if (!axis || !ctx.has_rank(0)) return;
  ctx.require(axis->size() == 1, "axis: expected one number, got {}", axis->size());
  ctx.axis((*axis)[0], ctx.rank(0));
}

void evaluate_cumulative(EvalContext& ctx) {
  const ConstTensorView& x = ctx.input(0);
  const std::vector<int64_t> axes = ctx.integers(1);
  ctx.require(axes.size() == 1, "axis: expected one number, got {}", axes.size());
  const Lanes lanes = lanes_along(x.shape, ctx.axis(axes[0], x.shape.size()));
  const bool product = ctx.op() == "CumProd";
  const bool exclusive = ctx.attributes().integer("exclusive", 0) != 0;
  const bool reverse = ctx.attributes().integer("reverse", 0) != 0;
  // Integers wrap, so that signed ones can be computed as unsigned.
  const auto run = [&]<class T>() {
    std::vector<T> data = load_all<T>(x);
    for_each_lane(data, lanes,
                  [&](std::span<T> lane) { accumulate(lane, product, exclusive, reverse); });
    store_all(ctx.output(0), data);
  };
  if (is_floating(x.type))
    run.operator()<double>();
  else
    run.operator()<uint64_t>();
}

}  // namespace cermet
