#include "ops/movement/scatter.ref.h"

#include <algorithm>

#include "ops/movement/gather.ref.h"
#include "ops/movement/shape_values.ref.h"

namespace cermet {
namespace {

enum class Reduction { none, add, mul, max, min };

Reduction parse_reduction(std::string_view text) {
  constexpr std::pair<std::string_view, Reduction> names[] = {{"none", Reduction::none},
                                                              {"add", Reduction::add},
                                                              {"mul", Reduction::mul},
                                                              {"max", Reduction::max},
                                                              {"min", Reduction::min}};
  for (const auto& [name, reduction] : names)
    if (text == name) return reduction;
  fail(ErrorCode::invalid_model, "reduction: expected none, add, mul, max or min, got {}", text);
}

// Whether `b` takes the place of `a` in a reduction by max (`want_larger`) or min. NaN stays.
template <class T>
bool replaces(T a, T b, bool want_larger) {
  if constexpr (std::is_same_v<T, std::complex<double>>) {
    fail(ErrorCode::unsupported, "complex numbers have no order for a reduction by max or min");
  } else {
    if (a != a) return false;
    return b != b || (want_larger ? a < b : b < a);
  }
}

template <class T>
T combine(Reduction reduction, T old, T update) {
  // In unsigned arithmetic integers wrap without undefined overflow.
  using Wrapping = std::conditional_t<std::is_same_v<T, int64_t>, uint64_t, T>;
  switch (reduction) {
    case Reduction::add:
      return static_cast<T>(static_cast<Wrapping>(old) + static_cast<Wrapping>(update));
    case Reduction::mul:
      return static_cast<T>(static_cast<Wrapping>(old) * static_cast<Wrapping>(update));
    case Reduction::max:
    case Reduction::min:
      return replaces(old, update, reduction == Reduction::max) ? update : old;
    default:
      return update;
  }
}

// Merges `count` updates into consecutive elements of `out`.
void merge_updates(Reduction reduction, const ConstTensorView& updates, int64_t from,
                   const TensorView& out, int64_t to, int64_t count) {
  if (reduction == Reduction::none) return copy_elements(updates, from, out, to, count);
  dispatch_wide(out.type, [&]<class T>() {
    for (int64_t i = 0; i < count; ++i) {
      const T merged =
          combine(reduction, load_element<T>(out, to + i), load_element<T>(updates, from + i));
      store_element<T>(out, to + i, merged);
    }
  });
}

// Checks types that every scatter has in common; the output is like the data.
void infer_scatter(InferContext& context, size_t updates) {
  context.require(context.element(updates) == context.element(0),
                  "updates: expected elements of type {}, got {}", name(context.element(0)),
                  name(context.element(updates)));
  parse_reduction(context.attributes().text("reduction", "none"));
  context.set_output(0, context.input(0));
}

TensorView copy_of_data(EvalContext& context) {
  const ConstTensorView& data = context.input(0);
  const TensorView out = context.output(0);
  copy_elements(data, 0, out, 0, data.elements());
  return out;
}

}  // namespace

void infer_scatter_elements(InferContext& context) {
  infer_scatter(context, 2);
  if (!context.has_rank(0)) return;
  context.axis(context.attributes().integer("axis", 0), context.rank(0));
  for (size_t i : {1, 2})
    context.require(!context.has_rank(i) || context.rank(i) == context.rank(0),
                    "input {}: expected {} dimensions, got {}", i, context.rank(0),
                    context.has_rank(i) ? context.rank(i) : 0);
}

void evaluate_scatter_elements(EvalContext& context) {
  const TensorView out = copy_of_data(context);
  const ConstTensorView& updates = context.input(2);
  const auto indices = context.integers(1);
  const Shape& rows = context.input(1).shape;
  const int axis = context.axis(context.attributes().integer("axis", 0), out.shape.size());
  const Reduction reduction = parse_reduction(context.attributes().text("reduction", "none"));
  const auto strides = row_major_strides(out.shape);
  context.require(rows == updates.shape, "expected indices and updates of one shape, got {} and {}",
                  to_string(rows), to_string(updates.shape));
  for (size_t d = 0; d < rows.size(); ++d)
    context.require(static_cast<int>(d) == axis || rows[d] <= out.shape[d],
                    "indices of shape {} reach outside data of shape {}", to_string(rows),
                    to_string(out.shape));
  for_each_index(rows, [&](const std::vector<int64_t>& index, int64_t i) {
    int64_t at = checked_index(context, indices[i], out.shape[axis]) * strides[axis];
    for (size_t d = 0; d < index.size(); ++d)
      if (static_cast<int>(d) != axis) at += index[d] * strides[d];
    merge_updates(reduction, updates, i, out, at, 1);
  });
}

void infer_scatter_nd(InferContext& context) { infer_scatter(context, 2); }

void evaluate_scatter_nd(EvalContext& context) {
  const BlockIndex index = read_block_index(context, 0);
  const TensorView out = copy_of_data(context);
  const ConstTensorView& updates = context.input(2);
  const Reduction reduction = parse_reduction(context.attributes().text("reduction", "none"));
  Shape expected(context.input(1).shape.begin(), context.input(1).shape.end() - 1);
  expected.insert(expected.end(), out.shape.begin() + index.depth, out.shape.end());
  context.require(updates.shape == expected, "updates: expected the shape {}, got {}",
                  to_string(expected), to_string(updates.shape));
  for (int64_t row = 0; row < index.rows; ++row)
    merge_updates(reduction, updates, row * index.block, out, index.offset(context, row),
                  index.block);
}

void infer_tensor_scatter(InferContext& context) {
  const std::string mode = context.attributes().text("mode", "linear");
  context.require(mode == "linear" || mode == "circular",
                  "mode: expected linear or circular, got {}", mode);
  infer_scatter(context, 1);
  if (!context.has_rank(0)) return;
  const int axis = context.axis(context.attributes().integer("axis", -2), context.rank(0));
  context.require(axis > 0, "axis: the batch dimension can't be the one that is written along");
  if (!context.has_rank(1)) return;
  context.require(context.rank(1) == context.rank(0), "update: expected {} dimensions, got {}",
                  context.rank(0), to_string(context.dims(1)));
  for (int d = 0; d < context.rank(0); ++d)
    if (d != axis) merge_sizes(context, context.dims(0)[d], context.dims(1)[d]);
}

void evaluate_tensor_scatter(EvalContext& context) {
  const TensorView out = copy_of_data(context);
  const ConstTensorView& update = context.input(1);
  const size_t axis = context.axis(context.attributes().integer("axis", -2), out.shape.size());
  const bool circular = context.attributes().text("mode", "linear") == "circular";
  const int64_t capacity = out.shape[axis];
  const int64_t length = update.shape[axis];
  context.require(length <= capacity, "an update of length {} does not fit a cache of length {}",
                  length, capacity);
  std::vector<int64_t> starts(out.shape[0], 0);
  if (context.has_input(2)) starts = context.integers(2);
  context.require(static_cast<int64_t>(starts.size()) == out.shape[0],
                  "write_indices: expected {} numbers, one a sample, got {}", out.shape[0],
                  starts.size());
  for (int64_t start : starts)
    context.require(start >= 0 && (circular || start <= capacity - length),
                    "write index {}: {} elements do not fit a cache of length {}", start, length,
                    capacity);
  const int64_t block = row_major_strides(out.shape)[axis];
  const int64_t lines = element_count(Shape(out.shape.begin(), out.shape.begin() + axis));
  for (int64_t line = 0; line < lines; ++line)
    for (int64_t i = 0; i < length; ++i) {
      const int64_t start = starts[line / (lines / out.shape[0])];
      const int64_t at = (start % std::max<int64_t>(capacity, 1) + i) % capacity;
      copy_elements(update, (line * length + i) * block, out, (line * capacity + at) * block,
                    block);
    }
}

}  // namespace cermet
