#include "ops/matrix/mat_mul.ref.h"

#include "ops/matrix/product.ref.h"

namespace cermet {
namespace {

// Offsets of the matrices of one operand under the broadcast batch.
std::vector<int64_t> matrix_offsets(const Shape& batch, const Shape& result_batch,
                                    int64_t matrix_size) {
  const std::vector<int64_t> strides = broadcast_strides(batch, result_batch);
  std::vector<int64_t> offsets;
  for_each_index(result_batch, [&](const std::vector<int64_t>& index, int64_t) {
    int64_t offset = 0;
    for (size_t d = 0; d < index.size(); ++d) offset += index[d] * strides[d];
    offsets.push_back(offset * matrix_size);
  });
  return offsets;
}

Shape broadcast_shape(const Shape& a, const Shape& b) {
  return constants(broadcast_dims(to_dims(a), to_dims(b)));
}

}  // namespace

std::optional<Dims> product_dims(const InferContext& ctx, size_t a, size_t b) {
  if (!ctx.has_rank(a) || !ctx.has_rank(b)) return std::nullopt;
  Dims left = ctx.dims(a);
  Dims right = ctx.dims(b);
  ctx.require(!left.empty() && !right.empty(), "expected matrices or vectors, got {} and {}",
              to_string(left), to_string(right));
  const bool vector_left = left.size() == 1;
  const bool vector_right = right.size() == 1;
  if (vector_left) left.insert(left.begin(), 1);
  if (vector_right) right.emplace_back(1);
  const Dim& inner_left = left.back();
  const Dim& inner_right = right[right.size() - 2];
  if (inner_left.is_constant() && inner_right.is_constant())
    ctx.require(inner_left == inner_right, "inner sizes differ: {} and {}", to_string(ctx.dims(a)),
                to_string(ctx.dims(b)));
  Dims dims = broadcast_dims({left.begin(), left.end() - 2}, {right.begin(), right.end() - 2});
  if (!vector_left) dims.push_back(left[left.size() - 2]);
  if (!vector_right) dims.push_back(right.back());
  return dims;
}

void infer_mat_mul(InferContext& ctx) {
  auto dims = product_dims(ctx, 0, 1);
  ctx.set_output(0, ValueType::tensor(ctx.element(0), std::move(dims)));
}

template <class T>
std::vector<T> multiply(const std::vector<T>& a, Shape a_shape, const std::vector<T>& b,
                        Shape b_shape) {
  if (a_shape.size() == 1) a_shape.insert(a_shape.begin(), 1);
  if (b_shape.size() == 1) b_shape.push_back(1);
  const int64_t depth = a_shape.back();
  const int64_t columns = b_shape.back();
  const Shape a_batch(a_shape.begin(), a_shape.end() - 2);
  const Shape b_batch(b_shape.begin(), b_shape.end() - 2);
  const Shape batch = broadcast_shape(a_batch, b_batch);
  // One shared right matrix: the left ones are rows of a single product.
  const bool shared_right =
      element_count(b_batch) == 1 && element_count(batch) == element_count(a_batch);
  const int64_t rows = a_shape[a_shape.size() - 2] * (shared_right ? element_count(batch) : 1);
  if (shared_right) {
    std::vector<T> c(static_cast<size_t>(rows * columns));
    add_product(a.data(), b.data(), c.data(), rows, depth, columns);
    return c;
  }
  const std::vector<int64_t> a_offsets = matrix_offsets(a_batch, batch, rows * depth);
  const std::vector<int64_t> b_offsets = matrix_offsets(b_batch, batch, depth * columns);
  std::vector<T> c(a_offsets.size() * static_cast<size_t>(rows * columns));
  for (size_t i = 0; i < a_offsets.size(); ++i)
    add_product(a.data() + a_offsets[i], b.data() + b_offsets[i],
                c.data() + static_cast<int64_t>(i) * rows * columns, rows, depth, columns);
  return c;
}

template std::vector<double> multiply(const std::vector<double>&, Shape, const std::vector<double>&,
                                      Shape);
template std::vector<uint64_t> multiply(const std::vector<uint64_t>&, Shape,
                                        const std::vector<uint64_t>&, Shape);

void evaluate_mat_mul(EvalContext& ctx) {
  const ConstTensorView& a = ctx.input(0);
  const ConstTensorView& b = ctx.input(1);
  const TensorView y = ctx.output(0);
  const auto run = [&]<class T>() {
    store_all(y, multiply<T>(load_all<T>(a), a.shape, load_all<T>(b), b.shape));
  };
  if (is_floating(a.type))
    run.operator()<double>();
  else
    run.operator()<uint64_t>();
}

}  // namespace cermet
