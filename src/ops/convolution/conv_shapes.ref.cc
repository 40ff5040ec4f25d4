#include "ops/convolution/conv_shapes.ref.h"

#include "base/scalar.h"

namespace cermet {

std::optional<Dims> kernel_of_weights(const InferContext& context, size_t weights) {
  if (!context.has_rank(weights)) return std::nullopt;
  context.require(context.rank(weights) >= 2, "weights: expected at least 2 dimensions, got {}",
                  context.input(weights).to_string());
  return spatial(context.dims(weights));
}

std::optional<int> convolution_rank(const InferContext& context) {
  std::optional<int> rank;
  for (const size_t i : {size_t{0}, size_t{1}}) {
    if (!context.has_rank(i)) continue;
    context.require(context.rank(i) >= 3 && (!rank || *rank == context.rank(i)),
                    "input {}: expected {} dimensions, got {}", i,
                    rank ? std::to_string(*rank) : "at least 3", context.input(i).to_string());
    rank = context.rank(i);
  }
  return rank;
}

bool may_equal(const Dim& a, const Dim& b) {
  return !a.is_constant() || !b.is_constant() || a == b;
}

Shape spatial(const Shape& shape) {
  return shape.size() < 2 ? Shape() : Shape(shape.begin() + 2, shape.end());
}

Dims spatial(const Dims& dims) {
  return dims.size() < 2 ? Dims() : Dims(dims.begin() + 2, dims.end());
}

std::vector<double> load_or_zeros(const EvalContext& context, size_t i, int64_t count) {
  if (!context.has_input(i)) return std::vector<double>(static_cast<size_t>(count), 0.0);
  context.require(context.input(i).elements() == count, "input {}: expected {} elements, got {}", i,
                  count, to_string(context.input(i).shape));
  return load_all<double>(context.input(i));
}

}  // namespace cermet
