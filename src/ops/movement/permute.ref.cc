#include "ops/movement/permute.ref.h"

#include "ops/movement/shape_values.ref.h"
#include "ops/movement/strided_copy.ref.h"

namespace cermet {
namespace {

// The permutation of a Transpose; every dimension once.
std::vector<int64_t> permutation(const InferContext& context, int rank) {
  std::vector<int64_t> reversed;
  for (int d = rank - 1; d >= 0; --d) reversed.push_back(d);
  const auto order = context.attributes().integers("perm", reversed);
  context.require(static_cast<int>(order.size()) == rank, "perm: expected {} entries, got {}", rank,
                  order.size());
  std::vector<bool> seen(rank, false);
  for (int64_t d : order) {
    context.require(d >= 0 && d < rank && !seen[d], "perm: expected each of 0..{} once, got {}",
                    rank - 1, fmt::join(order, ", "));
    seen[d] = true;
  }
  return order;
}

// What Expand and Tile make of a vector's elements.
void set_repeated_contents(InferContext& context, const Dims& dims) {
  auto contents = shape_values(context, 0);
  if (!contents || contents->empty() || dims.size() > 1) return;
  const Dim count = dims.empty() ? Dim(1) : dims[0];
  if (!count.is_constant() || count.constant() > longest_shape) return;
  Dims repeated;
  for (int64_t i = 0; i < count.constant(); ++i)
    repeated.push_back((*contents)[i % contents->size()]);
  context.set_contents(0, std::move(repeated));
}

int64_t block_size(const InferContext& context) {
  const int64_t block = context.attributes().integer("blocksize");
  context.require(block > 0 && block < (int64_t{1} << 20),
                  "blocksize: expected a positive number, got {}", block);
  return block;
}

// a / b where the model promises that b divides a.
Dim divide_evenly(const InferContext& context, const Dim& size, int64_t by, std::string_view what) {
  if (auto quotient = exact_div(size, by)) return *quotient;
  context.require(!size.is_constant(), "{} of size {} does not divide by {}", what,
                  size.to_string(), by);
  return floor_div(size, by);
}

// Copies in [n, a, b, c, d, e] so that the result's dimension i is the input's order[i].
void permute_blocks(const ConstTensorView& in, const Shape& blocks, const std::vector<int>& order,
                    const TensorView& out) {
  const auto strides = row_major_strides(blocks);
  Shape shape;
  Walk read;
  for (int d : order) {
    shape.push_back(blocks[d]);
    read.strides.push_back(strides[d]);
  }
  copy_strided(shape, in, std::move(read), out, {0, row_major_strides(shape)});
}

}  // namespace

void infer_transpose(InferContext& context) {
  if (!context.has_rank(0)) {
    if (context.attributes().has("perm"))
      return context.set_output_rank(
          0, context.element(0), static_cast<int>(context.attributes().integers("perm").size()));
    return context.set_output_rank_unknown(0, context.element(0));
  }
  Dims dims;
  for (int64_t d : permutation(context, context.rank(0))) dims.push_back(context.dims(0)[d]);
  const bool is_vector = dims.size() <= 1;
  context.set_output(0, context.element(0), std::move(dims));
  if (!is_vector) return;
  if (auto contents = shape_values(context, 0)) context.set_contents(0, std::move(*contents));
}

void evaluate_transpose(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const TensorView out = context.output(0);  // inference has checked perm
  const auto strides = row_major_strides(in.shape);
  const auto order = context.attributes().integers("perm", {});
  Walk read;
  for (size_t d = 0; d < strides.size(); ++d)
    read.strides.push_back(strides[order.empty() ? strides.size() - 1 - d : order[d]]);
  copy_strided(in, std::move(read), out);
}

void infer_expand(InferContext& context) {
  const auto shape = shape_values(context, 1);
  const auto length = known_length(context, 1);
  if (!context.has_rank(0) || (!shape && !length))
    return context.set_output_rank_unknown(0, context.element(0));
  if (!shape)
    return context.set_output_rank(0, context.element(0), std::max(context.rank(0), *length));
  for (const Dim& size : *shape)
    context.require(!always_negative(size), "expected sizes of at least 0, got {}",
                    to_string(*shape));
  Dims dims = broadcast_dims(context.dims(0), *shape);
  context.set_output(0, context.element(0), dims);
  set_repeated_contents(context, dims);
}

void evaluate_expand(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const TensorView out = context.output(0);
  copy_strided(in, {0, broadcast_strides(in.shape, out.shape)}, out);
}

void infer_tile(InferContext& context) {
  const auto repeats = shape_values(context, 1);
  const auto length = context.has_rank(0) ? context.rank(0) : known_length(context, 1);
  if (!length) return context.set_output_rank_unknown(0, context.element(0));
  if (!context.has_rank(0) || !repeats)
    return context.set_output_rank(0, context.element(0), *length);
  context.require(static_cast<int>(repeats->size()) == *length,
                  "repeats: expected {} numbers, one a dimension, got {}", *length,
                  repeats->size());
  Dims dims = context.dims(0);
  for (size_t d = 0; d < dims.size(); ++d) {
    context.require(!always_negative((*repeats)[d]), "repeats: expected at least 0, got {}",
                    to_string(*repeats));
    dims[d] = dims[d] * (*repeats)[d];
  }
  context.set_output(0, context.element(0), dims);
  set_repeated_contents(context, dims);
}

void evaluate_tile(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const TensorView out = context.output(0);
  if (out.elements() == 0) return;
  const auto strides = row_major_strides(in.shape);
  Shape shape;  // each dimension as [repeats, size]
  Walk read;
  for (size_t d = 0; d < strides.size(); ++d) {
    shape.insert(shape.end(), {out.shape[d] / in.shape[d], in.shape[d]});
    read.strides.insert(read.strides.end(), {0, strides[d]});
  }
  copy_strided(shape, in, std::move(read), out, {0, row_major_strides(shape)});
}

void infer_depth_to_space(InferContext& context) {
  const int64_t block = block_size(context);
  const std::string mode = context.attributes().text("mode", "DCR");
  context.require(mode == "DCR" || mode == "CRD", "mode: expected DCR or CRD, got {}", mode);
  if (!context.has_rank(0)) return context.set_output_rank(0, context.element(0), 4);
  const Dims& in = context.dims(0);
  context.require(in.size() == 4, "expected 4 dimensions, got {}", to_string(in));
  context.set_output(0, context.element(0),
                     {in[0], divide_evenly(context, in[1], block * block, "a depth"), in[2] * block,
                      in[3] * block});
}

void evaluate_depth_to_space(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const TensorView out = context.output(0);
  const int64_t block = context.attributes().integer("blocksize");
  const int64_t depth = out.shape[1];
  if (context.attributes().text("mode", "DCR") == "DCR")
    return permute_blocks(in, {in.shape[0], block, block, depth, in.shape[2], in.shape[3]},
                          {0, 3, 4, 1, 5, 2}, out);
  permute_blocks(in, {in.shape[0], depth, block, block, in.shape[2], in.shape[3]},
                 {0, 1, 4, 2, 5, 3}, out);
}

void infer_space_to_depth(InferContext& context) {
  const int64_t block = block_size(context);
  if (!context.has_rank(0)) return context.set_output_rank(0, context.element(0), 4);
  const Dims& in = context.dims(0);
  context.require(in.size() == 4, "expected 4 dimensions, got {}", to_string(in));
  context.set_output(
      0, context.element(0),
      {in[0], in[1] * (block * block), divide_evenly(context, in[2], block, "a height"),
       divide_evenly(context, in[3], block, "a width")});
}

void evaluate_space_to_depth(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const TensorView out = context.output(0);
  const int64_t block = context.attributes().integer("blocksize");
  permute_blocks(in, {in.shape[0], in.shape[1], out.shape[2], block, out.shape[3], block},
                 {0, 3, 5, 1, 2, 4}, out);
}

void infer_reverse_sequence(InferContext& context) {
  const auto& attributes = context.attributes();
  const int64_t batch = attributes.integer("batch_axis", 1);
  const int64_t time = attributes.integer("time_axis", 0);
  context.require(batch + time == 1 && (batch == 0 || batch == 1),
                  "expected batch_axis and time_axis to be 0 and 1, got {} and {}", batch, time);
  if (context.has_rank(0)) {
    context.require(context.rank(0) >= 2, "expected at least 2 dimensions, got {}",
                    to_string(context.dims(0)));
    if (context.has_rank(1)) {
      context.require(context.rank(1) == 1, "sequence_lens: expected 1 dimension, got {}",
                      to_string(context.dims(1)));
      merge_sizes(context, context.dims(0)[batch], context.dims(1)[0]);
    }
  }
  context.set_output(0, context.input(0));
}

void evaluate_reverse_sequence(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const TensorView out = context.output(0);
  const int batch_axis = static_cast<int>(context.attributes().integer("batch_axis", 1));
  const int time_axis = 1 - batch_axis;
  const auto lengths = context.integers(1);
  const auto strides = row_major_strides(in.shape);
  const int64_t times = in.shape[time_axis];
  int64_t block = 1;
  for (size_t d = 2; d < in.shape.size(); ++d) block *= in.shape[d];
  for (int64_t b = 0; b < in.shape[batch_axis]; ++b) {
    context.require(lengths[b] >= 0 && lengths[b] <= times,
                    "sequence_lens: expected numbers in [0, {}], got {}", times, lengths[b]);
    for (int64_t t = 0; t < times; ++t) {
      const int64_t source = t < lengths[b] ? lengths[b] - 1 - t : t;
      const int64_t base = b * strides[batch_axis];
      copy_elements(in, base + source * strides[time_axis], out, base + t * strides[time_axis],
                    block);
    }
  }
}

}  // namespace cermet
