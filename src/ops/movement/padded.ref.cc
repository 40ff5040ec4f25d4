#include "ops/movement/padded.ref.h"

#include <algorithm>

#include "base/scalar.h"

namespace cermet {
namespace {

Tensor result_of(const EvalContext& context, std::string_view op) {
  const Operator* found = find_operator("", op);
  if (found == nullptr) fail(ErrorCode::internal, "padded {} needs {}", op, op);
  std::vector<std::optional<Value>> inputs(context.input_count());
  for (size_t i = 0; i < inputs.size(); ++i)
    if (context.has_input(i)) inputs[i] = Value(Tensor::copy_of(context.input(i)));
  return evaluate(*found, context.attributes(), inputs, 1)[0].tensor;
}

// `result` [lines, count], its lines padded to those of output 0.
void store_lines(EvalContext& context, const std::vector<int64_t>& result, int64_t lines,
                 int64_t count) {
  const TensorView padded = context.output(0);
  const int64_t line = lines == 0 ? 0 : padded.elements() / lines;
  std::fill_n(padded.as<int64_t>(), padded.elements(), int64_t{0});
  for (int64_t i = 0; i < lines; ++i)
    std::copy_n(result.begin() + i * count, count, padded.as<int64_t>() + i * line);
}

}  // namespace

void infer_padded_nonzero(InferContext& context) {
  context.require(context.has_rank(0), "the rank of the input has to be known");
  context.set_output(0, ElementType::int64, {context.rank(0), product(context.dims(0))});
  context.set_output(1, ElementType::int64, {1});
}

void evaluate_padded_nonzero(EvalContext& context) {
  const Tensor places = result_of(context, "NonZero");
  const Shape& shape = places.shape();
  store_lines(context, load_all<int64_t>(places.view()), shape[0], shape[1]);
  store_all(context.output(1), std::vector<int64_t>{shape[1]});
}

void infer_padded_suppression(InferContext& context) {
  context.require(context.has_rank(1) && context.rank(1) == 3 && context.has_input(2),
                  "expected scores of 3 dimensions and how many boxes are wanted of a class");
  const Dims& scores = context.dims(1);
  Dim most = scores[2];
  if (const int64_t wanted = context.attributes().integer("most", -1); wanted >= 0)
    most = min(most, Dim(wanted));
  context.set_output(0, ElementType::int64, {scores[0] * scores[1] * most, 3});
  context.set_output(1, ElementType::int64, {1});
}

void evaluate_padded_suppression(EvalContext& context) {
  const Tensor selected = result_of(context, "NonMaxSuppression");
  const auto numbers = load_all<int64_t>(selected.view());
  store_lines(context, numbers, 1, static_cast<int64_t>(numbers.size()));
  store_all(context.output(1), std::vector<int64_t>{selected.shape()[0]});
}

}  // namespace cermet
