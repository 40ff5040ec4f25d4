#include "ops/reduction/softmax.ref.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "ops/reduction/lanes.ref.h"

namespace cermet {
namespace {

void hardmax_row(std::span<double> row) {
  if (row.empty()) return;
  const auto top = std::max_element(row.begin(), row.end());
  const size_t index = static_cast<size_t>(top - row.begin());
  std::fill(row.begin(), row.end(), 0.0);
  row[index] = 1;
}

double top_of(std::span<const double> row) {
  double top = row[0];
  for (const double v : row) top = v > top ? v : top;
  return top;
}

struct Kind {
  std::string_view name;
  void (*row)(std::span<double>);
};

constexpr std::array<Kind, 3> kinds{{
    {"Softmax", softmax_row},
    {"LogSoftmax", log_softmax_row},
    {"Hardmax", hardmax_row},
}};

}  // namespace

void softmax_row(std::span<double> row) {
  if (row.empty()) return;
  const double top = top_of(row);
  double total = 0;
  for (double& v : row) {
    v = std::exp(v - top);
    total += v;
  }
  for (double& v : row) v /= total;
}

void log_softmax_row(std::span<double> row) {
  if (row.empty()) return;
  const double top = top_of(row);
  double total = 0;
  for (const double v : row) total += std::exp(v - top);
  const double shift = top + std::log(total);
  for (double& v : row) v -= shift;
}

void infer_softmax(InferContext& ctx) {
  ctx.set_output(0, ctx.input(0));
  if (ctx.has_rank(0) && ctx.rank(0) > 0)
    ctx.axis(ctx.attributes().integer("axis", -1), ctx.rank(0));
}

void evaluate_softmax(EvalContext& ctx) {
  const ConstTensorView& x = ctx.input(0);
  // A scalar is one row of one element.
  const int axis =
      x.shape.empty() ? 0 : ctx.axis(ctx.attributes().integer("axis", -1), x.shape.size());
  const auto kind =
      std::find_if(kinds.begin(), kinds.end(), [&](const Kind& k) { return k.name == ctx.op(); });
  std::vector<double> data = load_all<double>(x);
  for_each_lane(data, lanes_along(x.shape, axis), kind->row);
  store_all(ctx.output(0), data);
}

}  // namespace cermet
