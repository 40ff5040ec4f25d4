#include "ops/movement/select.ref.h"

#include <algorithm>

namespace cermet {
namespace {

// Whether each element differs from zero; a non-empty string does.
std::vector<bool> truth(const ConstTensorView& view) {
  std::vector<bool> result(view.elements());
  if (view.type == ElementType::string) {
    for (size_t i = 0; i < result.size(); ++i) result[i] = !view.as<std::string>()[i].empty();
    return result;
  }
  dispatch_wide(view.type, [&]<class T>() {
    const auto values = load_all<T>(view);
    for (size_t i = 0; i < result.size(); ++i) result[i] = values[i] != T(0);
  });
  return result;
}

}  // namespace

void infer_compress(InferContext& context) {
  context.require(context.element(1) == ElementType::boolean,
                  "condition: expected booleans, got {}", name(context.element(1)));
  if (!context.attributes().has("axis"))
    return context.set_output(0, context.element(0), {context.new_dim("kept")});
  if (!context.has_rank(0)) return context.set_output_rank_unknown(0, context.element(0));
  Dims dims = context.dims(0);
  dims[context.axis(context.attributes().integer("axis"), context.rank(0))] =
      context.new_dim("kept");
  context.set_output(0, context.element(0), std::move(dims));
}

void evaluate_compress(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const auto keep = truth(context.input(1));
  Shape shape = {in.elements()};  // as [outer, size, block] along the axis
  size_t axis = 0;
  if (context.attributes().has("axis")) {
    shape = in.shape;
    axis = context.axis(context.attributes().integer("axis"), in.shape.size());
  }
  const int64_t size = shape[axis];
  std::vector<int64_t> kept;
  for (size_t i = 0; i < keep.size(); ++i)
    if (keep[i]) kept.push_back(static_cast<int64_t>(i));
  context.require(kept.empty() || kept.back() < size,
                  "condition: element {} is true but the dimension has size {}",
                  kept.empty() ? 0 : kept.back(), size);
  const int64_t block = row_major_strides(shape)[axis];
  const int64_t outer = element_count(Shape(shape.begin(), shape.begin() + axis));
  shape[axis] = static_cast<int64_t>(kept.size());
  const TensorView out = context.output(0, in.type, shape);
  int64_t to = 0;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t at : kept) {
      copy_elements(in, (o * size + at) * block, out, to, block);
      to += block;
    }
}

void infer_nonzero(InferContext& context) {
  if (!context.has_rank(0)) return context.set_output_rank(0, ElementType::int64, 2);
  context.set_output(0, ElementType::int64, {context.rank(0), context.new_dim("nonzero")});
}

void evaluate_nonzero(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const auto marks = truth(in);
  const int64_t count = std::count(marks.begin(), marks.end(), true);
  const auto rank = static_cast<int64_t>(in.shape.size());
  const TensorView out = context.output(0, ElementType::int64, {rank, count});
  auto* positions = out.as<int64_t>();
  int64_t found = 0;
  for_each_index(in.shape, [&](const std::vector<int64_t>& index, int64_t i) {
    if (!marks[i]) return;
    for (int64_t d = 0; d < rank; ++d) positions[d * count + found] = index[d];
    ++found;
  });
}

}  // namespace cermet
