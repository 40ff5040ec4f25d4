#include "ops/movement/gather.ref.h"

#include "ops/movement/shape_values.ref.h"

namespace cermet {
namespace {

// Gathering from a vector whose elements are known.
void set_gathered_contents(InferContext& context) {
  if (!context.has_rank(1) || context.rank(1) > 1) return;
  const auto data = shape_values(context, 0);
  const auto indices = context.integers(1);
  if (!data || !indices) return;
  Dims elements;
  for (int64_t at : *indices) {
    const auto size = static_cast<int64_t>(data->size());
    context.require(at >= -size && at < size, "index {} is outside a dimension of size {}", at,
                    size);
    elements.push_back((*data)[at < 0 ? at + size : at]);
  }
  set_shape_values(context, 0, std::move(elements));
}

}  // namespace

void infer_gather(InferContext& context) {
  const ElementType index = context.element(1);
  context.require(index == ElementType::int64 || index == ElementType::int32,
                  "indices: expected int32 or int64, got {}", name(index));
  if (!context.has_rank(0) || !context.has_rank(1))
    return context.set_output_rank_unknown(0, context.element(0));
  const Dims& data = context.dims(0);
  const Dims& indices = context.dims(1);
  const int axis = context.axis(context.attributes().integer("axis", 0), context.rank(0));
  Dims dims(data.begin(), data.begin() + axis);
  dims.insert(dims.end(), indices.begin(), indices.end());
  dims.insert(dims.end(), data.begin() + axis + 1, data.end());
  context.set_output(0, context.element(0), std::move(dims));
  if (data.size() == 1) set_gathered_contents(context);
}

int64_t checked_index(const EvalContext& context, int64_t index, int64_t size) {
  context.require(index >= -size && index < size, "index {} is outside a dimension of size {}",
                  index, size);
  return index < 0 ? index + size : index;
}

void evaluate_gather(EvalContext& context) {
  const ConstTensorView& data = context.input(0);
  const auto indices = context.integers(1);
  const TensorView out = context.output(0);
  const size_t axis = context.axis(context.attributes().integer("axis", 0), data.shape.size());
  const Shape outer(data.shape.begin(), data.shape.begin() + axis);
  const Shape inner(data.shape.begin() + axis + 1, data.shape.end());
  const int64_t block = element_count(inner);
  const int64_t size = data.shape[axis];
  int64_t to = 0;
  for (int64_t o = 0, n = element_count(outer); o < n; ++o)
    for (int64_t index : indices) {
      const int64_t at = checked_index(context, index, size);
      copy_elements(data, (o * size + at) * block, out, to, block);
      to += block;
    }
}

void infer_gather_elements(InferContext& context) {
  if (!context.has_rank(1)) {
    if (!context.has_rank(0)) return context.set_output_rank_unknown(0, context.element(0));
    return context.set_output_rank(0, context.element(0), context.rank(0));
  }
  const int rank = context.rank(1);
  context.axis(context.attributes().integer("axis", 0), rank);
  context.require(!context.has_rank(0) || context.rank(0) == rank,
                  "expected indices of as many dimensions as the data, got {}", rank);
  context.set_output(0, context.element(0), context.dims(1));
}

void evaluate_gather_elements(EvalContext& context) {
  const ConstTensorView& data = context.input(0);
  const auto indices = context.integers(1);
  const TensorView out = context.output(0);
  const int axis = context.axis(context.attributes().integer("axis", 0), data.shape.size());
  const auto strides = row_major_strides(data.shape);
  for (size_t d = 0; d < data.shape.size(); ++d)
    context.require(static_cast<int>(d) == axis || out.shape[d] <= data.shape[d],
                    "indices of shape {} reach outside data of shape {}", to_string(out.shape),
                    to_string(data.shape));
  for_each_index(out.shape, [&](const std::vector<int64_t>& index, int64_t i) {
    int64_t at = checked_index(context, indices[i], data.shape[axis]) * strides[axis];
    for (size_t d = 0; d < index.size(); ++d)
      if (static_cast<int>(d) != axis) at += index[d] * strides[d];
    copy_elements(data, at, out, i, 1);
  });
}

BlockIndex read_block_index(const EvalContext& context, int64_t batch) {
  const ConstTensorView& data = context.input(0);
  const Shape& rows = context.input(1).shape;
  BlockIndex index;
  context.require(!rows.empty() && batch >= 0 && batch < static_cast<int64_t>(rows.size()),
                  "expected indices of more than {} dimensions, got {}", batch, to_string(rows));
  index.batch = batch;
  index.depth = rows.back();
  index.shape = data.shape;
  context.require(batch + index.depth <= static_cast<int64_t>(data.shape.size()),
                  "indices of shape {} name more dimensions than the data has, {}", to_string(rows),
                  to_string(data.shape));
  for (int64_t d = 0; d < batch; ++d)
    context.require(rows[d] == data.shape[d], "expected batches of one shape, got {} and {}",
                    to_string(data.shape), to_string(rows));
  index.block = element_count(Shape(data.shape.begin() + batch + index.depth, data.shape.end()));
  index.rows = element_count(Shape(rows.begin(), rows.end() - 1));
  index.rows_a_batch = element_count(Shape(rows.begin() + batch, rows.end() - 1));
  index.indices = context.integers(1);
  index.strides = row_major_strides(data.shape);
  return index;
}

int64_t BlockIndex::offset(const EvalContext& context, int64_t row) const {
  int64_t at = batch > 0 ? row / rows_a_batch * strides[batch - 1] : 0;
  for (int64_t d = 0; d < depth; ++d)
    at += checked_index(context, indices[row * depth + d], shape[batch + d]) * strides[batch + d];
  return at;
}

void infer_gather_nd(InferContext& context) {
  const ElementType element = context.element(0);
  const int64_t batch = context.attributes().integer("batch_dims", 0);
  if (!context.has_rank(0) || !context.has_rank(1) || context.rank(1) == 0 ||
      !context.dims(1).back().is_constant()) {
    context.require(!context.has_rank(1) || context.rank(1) > 0,
                    "expected indices of at least one dimension");
    return context.set_output_rank_unknown(0, element);
  }
  const Dims& data = context.dims(0);
  const Dims& indices = context.dims(1);
  const int64_t depth = indices.back().constant();
  context.require(batch >= 0 && batch < context.rank(1) && batch + depth <= context.rank(0),
                  "batch_dims {}: indices {} do not fit data {}", batch, to_string(indices),
                  to_string(data));
  Dims dims(indices.begin(), indices.end() - 1);
  for (int64_t d = 0; d < batch; ++d) dims[d] = merge_sizes(context, data[d], indices[d]);
  dims.insert(dims.end(), data.begin() + batch + depth, data.end());
  context.set_output(0, element, std::move(dims));
}

void evaluate_gather_nd(EvalContext& context) {
  const ConstTensorView& data = context.input(0);
  const BlockIndex index = read_block_index(context, context.attributes().integer("batch_dims", 0));
  const TensorView out = context.output(0);
  for (int64_t row = 0; row < index.rows; ++row)
    copy_elements(data, index.offset(context, row), out, row * index.block, index.block);
}

}  // namespace cermet
