#include "ops/reduction/reduce.ref.h"

#include <array>
#include <cmath>
#include <limits>
#include <type_traits>

#include "ops/reduction/lanes.ref.h"

namespace cermet {
namespace {

// Integers wrap: signed ones are computed as unsigned.
template <class T>
using Wrapping = std::conditional_t<std::is_same_v<T, int64_t>, uint64_t, T>;

template <class T>
T sum(std::span<const T> row) {
  Wrapping<T> total = 0;
  for (const T v : row) total += static_cast<Wrapping<T>>(v);
  return static_cast<T>(total);
}

template <class T>
T product(std::span<const T> row) {
  Wrapping<T> total = 1;
  for (const T v : row) total *= static_cast<Wrapping<T>>(v);
  return static_cast<T>(total);
}

template <class T>
T sum_square(std::span<const T> row) {
  Wrapping<T> total = 0;
  for (const T v : row) total += static_cast<Wrapping<T>>(v) * static_cast<Wrapping<T>>(v);
  return static_cast<T>(total);
}

template <class T>
T absolute_sum(std::span<const T> row) {
  Wrapping<T> total = 0;
  for (const T v : row) {
    const Wrapping<T> w = static_cast<Wrapping<T>>(v);
    total += v < T{0} ? Wrapping<T>{0} - w : w;
  }
  return static_cast<T>(total);
}

// Of nothing: NaN for floats, 0 for integers.
template <class T>
T mean(std::span<const T> row) {
  if (std::is_integral_v<T> && row.empty()) return 0;
  return sum(row) / static_cast<T>(row.size());
}

// NaN wins; rows are not empty here.
template <class T>
T maximum(std::span<const T> row) {
  T best = row[0];
  for (const T v : row)
    if (v > best || v != v) best = v;
  return best;
}

template <class T>
T minimum(std::span<const T> row) {
  T best = row[0];
  for (const T v : row)
    if (v < best || v != v) best = v;
  return best;
}

double euclidean(std::span<const double> row) { return std::sqrt(sum_square(row)); }
double log_sum(std::span<const double> row) { return std::log(sum(row)); }

double log_sum_exp(std::span<const double> row) {
  if (row.empty()) return -std::numeric_limits<double>::infinity();
  const double top = maximum(row);
  if (!std::isfinite(top)) return top;
  double total = 0;
  for (const double v : row) total += std::exp(v - top);
  return top + std::log(total);
}

// The value of a reduction over nothing, as the element type can hold it.
enum class Empty : uint8_t { by_formula, lowest, highest };

// No integer kernel: integers are computed in double.
struct Reduction {
  std::string_view name;
  double (*real)(std::span<const double>);
  int64_t (*signed_integer)(std::span<const int64_t>);
  uint64_t (*unsigned_integer)(std::span<const uint64_t>);
  Empty empty = Empty::by_formula;
};

constexpr std::array<Reduction, 10> reductions{{
    {"ReduceSum", sum<double>, sum<int64_t>, sum<uint64_t>},
    {"ReduceMean", mean<double>, mean<int64_t>, mean<uint64_t>},
    {"ReduceMax", maximum<double>, maximum<int64_t>, maximum<uint64_t>, Empty::lowest},
    {"ReduceMin", minimum<double>, minimum<int64_t>, minimum<uint64_t>, Empty::highest},
    {"ReduceProd", product<double>, product<int64_t>, product<uint64_t>},
    {"ReduceL1", absolute_sum<double>, absolute_sum<int64_t>, absolute_sum<uint64_t>},
    {"ReduceL2", euclidean, nullptr, nullptr},
    {"ReduceLogSum", log_sum, nullptr, nullptr},
    {"ReduceLogSumExp", log_sum_exp, nullptr, nullptr},
    {"ReduceSumSquare", sum_square<double>, sum_square<int64_t>, sum_square<uint64_t>},
}};

const Reduction& reduction_named(std::string_view name) {
  for (const Reduction& r : reductions)
    if (r.name == name) return r;
  fail(ErrorCode::internal, "no reduction {}", name);
}

template <class T>
T extreme(ElementType type, Empty which) {
  const bool low = which == Empty::lowest;
  if constexpr (std::is_same_v<T, double>) {
    const double infinity = std::numeric_limits<double>::infinity();
    return low ? -infinity : infinity;
  } else {
    const int bits = type == ElementType::boolean ? 1 : bit_width(type);
    if constexpr (std::is_same_v<T, int64_t>) {
      const int64_t most = static_cast<int64_t>((~uint64_t{0} >> 1) >> (64 - bits));
      return low ? -most - 1 : most;
    } else {
      return low ? 0 : ~uint64_t{0} >> (64 - bits);
    }
  }
}

template <class T>
void reduce_rows(EvalContext& ctx, const std::vector<bool>& reduced, const Reduction& reduction,
                 T (*kernel)(std::span<const T>)) {
  const ConstTensorView& x = ctx.input(0);
  const Rows rows = rows_of(x.shape, reduced);
  const std::vector<T> data = gather_rows(load_all<T>(x), x.shape, reduced);
  std::vector<T> result(static_cast<size_t>(rows.count));
  for (int64_t r = 0; r < rows.count; ++r) {
    const std::span<const T> row(data.data() + r * rows.length, static_cast<size_t>(rows.length));
    result[r] = row.empty() && reduction.empty != Empty::by_formula
                    ? extreme<T>(x.type, reduction.empty)
                    : kernel(row);
  }
  store_all(ctx.output(0), result);
}

// Which dimensions the axes name; no axes name all of them, or none by attribute.
template <class Context>
std::vector<bool> reduced_dims(const Context& ctx, const std::vector<int64_t>& axes, int rank) {
  const bool all = axes.empty() && ctx.attributes().integer("noop_with_empty_axes", 0) == 0;
  std::vector<bool> reduced(static_cast<size_t>(rank), all);
  for (const int64_t axis : axes) reduced[ctx.axis(axis, rank, "axes")] = true;
  return reduced;
}

// Folds the known elements of a reduced vector into one expression.
std::optional<Dim> fold_contents(std::string_view op, const Dims& elements) {
  if (op == "ReduceSum" || op == "ReduceProd") {
    const bool adds = op == "ReduceSum";
    Dim total = adds ? 0 : 1;
    for (const Dim& d : elements) total = adds ? total + d : total * d;
    return total;
  }
  if ((op == "ReduceMax" || op == "ReduceMin") && !elements.empty()) {
    Dim best = elements[0];
    for (const Dim& d : elements) best = op == "ReduceMax" ? max(best, d) : min(best, d);
    return best;
  }
  return std::nullopt;
}

void infer_unknown_axes(InferContext& ctx, bool keep) {
  const int rank = ctx.rank(0);
  if (keep) return ctx.set_output_rank(0, ctx.element(0), rank);
  const bool counted = ctx.has_rank(1) && ctx.rank(1) == 1 && ctx.dims(1)[0].is_constant() &&
                       ctx.dims(1)[0].constant() > 0 && ctx.dims(1)[0].constant() <= rank;
  if (!counted) return ctx.set_output_rank_unknown(0, ctx.element(0));
  ctx.set_output_rank(0, ctx.element(0), rank - static_cast<int>(ctx.dims(1)[0].constant()));
}

}  // namespace

void infer_reduce(InferContext& ctx) {
  const bool keep = ctx.attributes().integer("keepdims", 1) != 0;
  if (!ctx.has_rank(0)) return ctx.set_output_rank_unknown(0, ctx.element(0));
  std::optional<std::vector<int64_t>> axes = std::vector<int64_t>{};
  if (ctx.has_input(1)) axes = ctx.integers(1);
  const bool empty_axes =
      ctx.has_input(1) && ctx.has_rank(1) && ctx.rank(1) == 1 && ctx.dims(1)[0].is_constant(0);
  if (!axes && empty_axes) axes = std::vector<int64_t>{};
  if (!axes) return infer_unknown_axes(ctx, keep);

  const std::vector<bool> reduced = reduced_dims(ctx, *axes, ctx.rank(0));
  Dims dims;
  for (int d = 0; d < ctx.rank(0); ++d) {
    if (!reduced[d])
      dims.push_back(ctx.dims(0)[d]);
    else if (keep)
      dims.emplace_back(1);
  }
  ctx.set_output(0, ctx.element(0), std::move(dims));
  const bool whole_vector = ctx.rank(0) == 1 && reduced[0];
  if (const auto elements = ctx.contents(0); elements && whole_vector)
    if (const auto folded = fold_contents(ctx.op(), *elements)) ctx.set_contents(0, {*folded});
}

void evaluate_reduce(EvalContext& ctx) {
  const Reduction& reduction = reduction_named(ctx.op());
  const std::vector<int64_t> axes = ctx.has_input(1) ? ctx.integers(1) : std::vector<int64_t>{};
  const ConstTensorView& x = ctx.input(0);
  const std::vector<bool> reduced = reduced_dims(ctx, axes, static_cast<int>(x.shape.size()));
  if (is_floating(x.type) || reduction.signed_integer == nullptr)
    reduce_rows<double>(ctx, reduced, reduction, reduction.real);
  else if (is_signed_integer(x.type))
    reduce_rows<int64_t>(ctx, reduced, reduction, reduction.signed_integer);
  else
    reduce_rows<uint64_t>(ctx, reduced, reduction, reduction.unsigned_integer);
}

}  // namespace cermet
