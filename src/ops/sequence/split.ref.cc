#include <algorithm>

#include "ops/movement/join.ref.h"
#include "ops/sequence/sequence.ref.h"

namespace cermet {
namespace {

// SplitToSequence drops the dimension only when it was not told how to split.
bool drops_axis(bool has_split, const Attributes& attributes) {
  return !has_split && attributes.integer("keepdims", 1) == 0;
}

Shape without(Shape shape, size_t axis) {
  shape.erase(shape.begin() + static_cast<int64_t>(axis));
  return shape;
}

// Sizes of the pieces of a dimension of `size` elements.
std::vector<int64_t> piece_sizes(const EvalContext& context, int64_t size) {
  const bool listed = context.has_input(1) && context.input(1).shape.size() == 1;
  if (listed) {
    const auto sizes = context.integers(1);
    int64_t left = size;
    for (int64_t piece : sizes) {
      context.require(piece >= 0 && piece <= left, "split: sizes do not add up to {}", size);
      left -= piece;
    }
    context.require(left == 0, "split: sizes do not add up to {}", size);
    return sizes;
  }
  int64_t piece = 1;
  if (context.has_input(1)) {
    const auto given = context.integers(1);
    context.require(given.size() == 1 && given[0] > 0, "split: expected one positive size");
    piece = given[0];
  }
  std::vector<int64_t> sizes;
  for (int64_t left = size; left > 0; left -= sizes.back()) sizes.push_back(std::min(piece, left));
  return sizes;
}

// The size that all pieces have, when it is known that they have one.
std::optional<Dim> common_size(const InferContext& context, const Dim& size) {
  if (!context.has_input(1)) return Dim(1);
  const auto pieces = context.contents(1);
  if (!pieces || pieces->empty() || !context.has_rank(1)) return std::nullopt;
  const Dim& piece = pieces->front();
  if (context.rank(1) == 1)
    return std::all_of(pieces->begin(), pieces->end(), [&](const Dim& p) { return p == piece; })
               ? std::optional(piece)
               : std::nullopt;
  const bool fits = piece.is_constant() && piece.constant() > 0 && exact_div(size, piece);
  return fits ? std::optional(piece) : std::nullopt;
}

}  // namespace

void infer_split_to_sequence(InferContext& context) {
  ValueType type = ValueType::tensor(context.element(0), std::nullopt);
  if (context.has_rank(0)) {
    Dims dims = context.dims(0);
    const int axis = context.axis(context.attributes().integer("axis", 0), context.rank(0));
    if (const auto size = common_size(context, dims[axis])) {
      dims[axis] = *size;
      if (drops_axis(context.has_input(1), context.attributes())) dims.erase(dims.begin() + axis);
      type.dims = std::move(dims);
    }
  }
  context.set_output(0, ValueType::sequence(std::move(type)));
}

void evaluate_split_to_sequence(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const size_t axis = context.axis(context.attributes().integer("axis", 0), in.shape.size());
  const bool drops = drops_axis(context.has_input(1), context.attributes());
  std::vector<Value> pieces;
  int64_t start = 0;
  for (int64_t size : piece_sizes(context, in.shape[axis])) {
    Shape shape = in.shape;
    shape[axis] = size;
    Tensor piece(in.type, shape);
    copy_out_of(in, piece.view(), axis, start);
    pieces.emplace_back(drops ? piece.reshaped(without(shape, axis)) : piece);
    start += size;
  }
  context.set_output(0, Value::sequence(std::move(pieces), in.type));
}

void infer_concat_from_sequence(InferContext& context) {
  const ValueType& type = context.input(0);
  context.require(type.kind == Value::Kind::sequence && type.inner != nullptr,
                  "expected a sequence, got {}", type.to_string());
  const bool new_axis = context.attributes().integer("new_axis", 0) != 0;
  const int64_t axis = context.attributes().integer("axis");
  if (!type.inner->has_rank()) return context.set_output_rank_unknown(0, type.inner->element);
  Dims dims = *element_type_of(context, *type.inner).dims;
  const int at = context.axis(axis, static_cast<int>(dims.size()) + (new_axis ? 1 : 0));
  if (new_axis) dims.insert(dims.begin() + at, Dim());
  dims[at] = context.new_dim("joined");
  context.set_output(0, type.inner->element, std::move(dims));
}

void evaluate_concat_from_sequence(EvalContext& context) {
  const Value& sequence = context.value(0);
  context.require(sequence.kind == Value::Kind::sequence && !sequence.elements.empty(),
                  "expected a sequence of at least one tensor");
  const bool new_axis = context.attributes().integer("new_axis", 0) != 0;
  Shape shape = sequence.elements.front().tensor.shape();
  const size_t axis =
      context.axis(context.attributes().integer("axis"), shape.size() + (new_axis ? 1 : 0));
  std::vector<Tensor> parts;
  int64_t total = 0;
  for (const Value& element : sequence.elements) {
    Shape part = element.tensor.shape();
    if (new_axis) part.insert(part.begin() + static_cast<int64_t>(axis), 1);
    context.require(axis < part.size() && element.tensor.type() == sequence.element_type,
                    "expected tensors of one rank and type in the sequence");
    total += part[axis];
    parts.push_back(element.tensor.reshaped(part));
  }
  shape = parts.front().shape();
  for (const Tensor& part : parts)
    context.require(without(part.shape(), axis) == without(shape, axis),
                    "tensors of shapes {} and {} do not join along dimension {}", to_string(shape),
                    to_string(part.shape()), axis);
  shape[axis] = total;
  const TensorView out = context.output(0, sequence.element_type, shape);
  int64_t start = 0;
  for (const Tensor& part : parts) {
    copy_into(part.view(), out, axis, start);
    start += part.shape()[axis];
  }
}

}  // namespace cermet
