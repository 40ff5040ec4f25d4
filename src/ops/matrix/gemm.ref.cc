#include "ops/matrix/gemm.ref.h"

#include <cmath>

#include "ops/matrix/product.ref.h"

namespace cermet {
namespace {

template <class T>
std::vector<T> load_matrix(const ConstTensorView& view, bool transposed) {
  std::vector<T> data = load_all<T>(view);
  if (!transposed) return data;
  const int64_t rows = view.shape[0];
  const int64_t columns = view.shape[1];
  std::vector<T> turned(data.size());
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) turned[j * rows + i] = data[i * columns + j];
  return turned;
}

template <class T>
T factor(double value) {
  if constexpr (std::is_same_v<T, uint64_t>)
    return static_cast<uint64_t>(static_cast<int64_t>(value));
  else
    return value;
}

template <class T>
void add_scaled_c(const EvalContext& ctx, const Shape& shape, T beta, std::vector<T>& y) {
  const ConstTensorView& c = ctx.input(2);
  const std::vector<T> data = load_all<T>(c);
  const std::vector<int64_t> strides = broadcast_strides(c.shape, shape);
  for (int64_t i = 0; i < shape[0]; ++i)
    for (int64_t j = 0; j < shape[1]; ++j)
      y[i * shape[1] + j] += beta * data[i * strides[0] + j * strides[1]];
}

template <class T>
void run_gemm(EvalContext& ctx, double alpha, double beta) {
  const TensorView y = ctx.output(0);
  const ConstTensorView& a = ctx.input(0);
  const bool turn_a = ctx.attributes().integer("transA", 0) != 0;
  const bool turn_b = ctx.attributes().integer("transB", 0) != 0;
  const std::vector<T> left = load_matrix<T>(a, turn_a);
  const std::vector<T> right = load_matrix<T>(ctx.input(1), turn_b);
  std::vector<T> result(static_cast<size_t>(y.elements()));
  add_product(left.data(), right.data(), result.data(), y.shape[0], a.shape[turn_a ? 0 : 1],
              y.shape[1]);
  for (T& v : result) v *= factor<T>(alpha);
  if (ctx.has_input(2) && beta != 0) add_scaled_c(ctx, y.shape, factor<T>(beta), result);
  store_all(y, result);
}

bool whole(double value) { return value == std::floor(value) && std::abs(value) < 1e18; }

}  // namespace

void infer_gemm(InferContext& ctx) {
  Dim sizes[2][2];
  for (size_t i = 0; i < 2; ++i) {
    const bool turned = ctx.attributes().integer(i == 0 ? "transA" : "transB", 0) != 0;
    const std::string hint = i == 0 ? "m" : "n";
    if (!ctx.has_rank(i)) {
      // Only the outer size is used when the other operand tells nothing of the inner one.
      sizes[i][i] = ctx.new_dim(hint);
      continue;
    }
    ctx.require(ctx.rank(i) == 2, "{}: expected a matrix, got {}", i == 0 ? "A" : "B",
                to_string(ctx.dims(i)));
    sizes[i][0] = ctx.dims(i)[turned ? 1 : 0];
    sizes[i][1] = ctx.dims(i)[turned ? 0 : 1];
  }
  const bool known = ctx.has_rank(0) && ctx.has_rank(1);
  if (known && sizes[0][1].is_constant() && sizes[1][0].is_constant())
    ctx.require(sizes[0][1] == sizes[1][0], "inner sizes differ: {} and {}", sizes[0][1].constant(),
                sizes[1][0].constant());
  const Dims dims{sizes[0][0], sizes[1][1]};
  if (ctx.has_input(2) && ctx.has_rank(2)) {
    const Dims& c = ctx.dims(2);
    ctx.require(c.size() <= 2, "C: expected at most 2 dimensions, got {}", to_string(c));
    for (size_t d = 0; d < c.size(); ++d) {
      const Dim& into = dims[2 - c.size() + d];
      if (c[d].is_constant() && into.is_constant())
        ctx.require(c[d].is_constant(1) || c[d] == into, "C of shape {} does not broadcast to {}",
                    to_string(c), to_string(dims));
    }
  }
  ctx.set_output(0, ctx.element(0), dims);
}

void evaluate_gemm(EvalContext& ctx) {
  const double alpha = ctx.attributes().number("alpha", 1);
  const double beta = ctx.attributes().number("beta", 1);
  if (!is_floating(ctx.input(0).type) && whole(alpha) && whole(beta))
    run_gemm<uint64_t>(ctx, alpha, beta);
  else
    run_gemm<double>(ctx, alpha, beta);
}

}  // namespace cermet
