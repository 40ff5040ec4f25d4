#include "ops/quantization/granularity.ref.h"

namespace cermet {
namespace {

int64_t block_size(const Attributes& attributes) { return attributes.integer("block_size", 0); }
int64_t axis_attribute(const Attributes& attributes) { return attributes.integer("axis", 1); }

void require_size(const InferContext& context, const Dim& got, const Dim& expected,
                  std::string_view what) {
  if (got.is_constant() && expected.is_constant())
    context.require(got == expected, "scale: expected size {} along {}, got {}",
                    expected.constant(), what, got.constant());
}

// A scalar, or a vector of one element, which older exporters write for it.
bool is_single(const Dims& scale) {
  return scale.empty() || (scale.size() == 1 && scale[0].is_constant(1));
}

void require_blocks(const InferContext& context, const Dims& dims, const Dims& scale, int axis,
                    int64_t block) {
  context.require(scale.size() == dims.size(),
                  "scale: expected {} dimensions for blocks of {}, got {}", dims.size(), block,
                  to_string(scale));
  for (size_t d = 0; d < dims.size(); ++d) {
    const bool blocked = static_cast<int>(d) == axis;
    const Dim expected = blocked ? ceil_div(dims[d], Dim(block)) : dims[d];
    require_size(context, scale[d], expected, blocked ? "the blocked axis" : "an unblocked axis");
  }
}

}  // namespace

void require_granularity(const InferContext& context) {
  const int64_t block = block_size(context.attributes());
  context.require(block >= 0, "block_size: expected 0 or a positive number, got {}", block);
  if (context.has_input(2) && context.has_rank(1) && context.has_rank(2)) {
    const Dims& scale = context.dims(1);
    const Dims& zero = context.dims(2);
    const bool same = is_single(scale) ? is_single(zero) : scale.size() == zero.size();
    context.require(same, "zero point: expected the shape {} of the scale, got {}",
                    to_string(scale), to_string(zero));
    for (size_t d = 0; d < zero.size() && d < scale.size(); ++d)
      context.require(!scale[d].is_constant() || !zero[d].is_constant() || scale[d] == zero[d],
                      "zero point: expected the shape {} of the scale, got {}", to_string(scale),
                      to_string(zero));
  }
  if (!context.has_rank(0) || !context.has_rank(1) || is_single(context.dims(1))) return;
  const Dims& dims = context.dims(0);
  const Dims& scale = context.dims(1);
  const int axis = context.axis(axis_attribute(context.attributes()), context.rank(0));
  if (block != 0) return require_blocks(context, dims, scale, axis, block);
  context.require(scale.size() == 1,
                  "scale: expected a scalar or a vector (a block_size of 0 asks for no blocks), "
                  "got {}",
                  to_string(scale));
  require_size(context, scale[0], dims[axis], "the axis");
}

std::vector<int64_t> scale_indices(const EvalContext& context) {
  const Shape& shape = context.input(0).shape;
  const Shape& scale = context.input(1).shape;
  const int64_t count = element_count(shape);
  std::vector<int64_t> indices(static_cast<size_t>(count));
  if (element_count(scale) == 1) return indices;
  const int axis = context.axis(axis_attribute(context.attributes()), shape.size());
  const auto block = block_size(context.attributes());
  int64_t inner = 1;
  for (size_t d = axis + 1; d < shape.size(); ++d) inner *= shape[d];
  const int64_t size = shape[axis];
  const int64_t scales = block == 0 ? size : (size + block - 1) / block;
  if (count == 0) return indices;
  const int64_t expected = block == 0 ? size : count / size * scales;
  context.require(element_count(scale) == expected,
                  "scale: expected {} elements for the shape {}, got {}", expected,
                  to_string(shape), element_count(scale));
  for (int64_t i = 0; i < count; ++i) {
    const int64_t position = i / inner % size;
    indices[i] =
        block == 0 ? position : (i / inner / size * scales + position / block) * inner + i % inner;
  }
  return indices;
}

}  // namespace cermet
