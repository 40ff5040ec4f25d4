// MaxUnpool: puts each element of a pool's result back where the pool found it.
#include "base/scalar.h"
#include "ops/convolution/conv_shapes.ref.h"
#include "ops/convolution/convolution.ref.h"
#include "ops/convolution/window.attrs.h"

namespace cermet {
namespace {

// The size that the pool had, as far as its result tells; the indices count in this image.
Dim unpooled_size(const Window& window, const Dim& pooled, size_t d) {
  return (pooled - 1) * window.strides[d] + window.kernel[d] -
         (window.pads_begin[d] + window.pads_end[d]);
}

Shape unpooled_shape(const EvalContext& context) {
  Shape shape = context.input(0).shape;
  const Window window = Window::from(context.attributes());
  for (size_t d = 0; d < window.rank(); ++d)
    shape[d + 2] = unpooled_size(window, shape[d + 2], d).constant();
  return shape;
}

}  // namespace

void infer_max_unpool(InferContext& context) {
  const ElementType element = context.element(0);
  const Window window = Window::from(context.attributes());
  const int rank = static_cast<int>(window.rank()) + 2;
  if (context.has_rank(0))
    context.require(context.rank(0) == rank, "expected {} dimensions for {} kernel sizes, got {}",
                    rank, rank - 2, context.input(0).to_string());
  if (context.has_input(2)) {
    const auto shape = context.contents(2);
    if (!shape) return context.set_output_rank(0, element, rank);
    context.require(static_cast<int>(shape->size()) == rank,
                    "output_shape: expected {} sizes, got {}", rank, shape->size());
    return context.set_output(0, element, *shape);
  }
  if (!context.has_rank(0)) return context.set_output_rank(0, element, rank);
  Dims dims = context.dims(0);
  for (size_t d = 0; d < window.rank(); ++d) {
    dims[d + 2] = unpooled_size(window, dims[d + 2], d);
    context.require(!dims[d + 2].is_constant() || dims[d + 2].constant() >= 0,
                    "expected padding that leaves an output, got size {}", dims[d + 2].to_string());
  }
  context.set_output(0, element, std::move(dims));
}

void evaluate_max_unpool(EvalContext& context) {
  const Shape inner = unpooled_shape(context);
  const int64_t inner_elements = element_count(inner);
  const TensorView output = context.output(0);
  const std::vector<double> x = load_all<double>(context.input(0));
  const std::vector<int64_t> indices = context.integers(1);
  context.require(indices.size() == x.size(), "indices: expected {} elements, got {}", x.size(),
                  indices.size());
  context.require(output.shape.size() == inner.size(), "output_shape: expected {} sizes, got {}",
                  inner.size(), output.shape.size());
  std::vector<double> y(static_cast<size_t>(output.elements()), 0.0);
  for (size_t i = 0; i < x.size(); ++i) {
    int64_t rest = indices[i];
    context.require(rest >= 0 && rest < inner_elements,
                    "indices: expected values from 0 to {} for the unpooled shape {}, got {}",
                    inner_elements - 1, to_string(inner), rest);
    int64_t offset = 0;
    int64_t stride = 1;
    bool inside = true;
    for (size_t d = inner.size(); d-- > 0; rest /= inner[d]) {
      inside = inside && rest % inner[d] < output.shape[d];
      offset += rest % inner[d] * stride;
      stride *= output.shape[d];
    }
    context.require(inside, "output_shape: expected {} to hold index {} of the unpooled shape {}",
                    to_string(output.shape), indices[i], to_string(inner));
    y[offset] = x[i];
  }
  store_all(output, y);
}

}  // namespace cermet
