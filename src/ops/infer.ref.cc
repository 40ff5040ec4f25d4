#include "ops/infer.ref.h"

#include <algorithm>

#include "base/scalar.h"

namespace cermet {

InferContext::InferContext(std::string_view op, const Attributes& attributes,
                           std::vector<std::optional<Input>> inputs, size_t output_count,
                           NewSymbol new_symbol)
    : op_(op),
      attributes_(&attributes),
      inputs_(std::move(inputs)),
      outputs_(output_count),
      new_symbol_(std::move(new_symbol)) {}

const ValueType& InferContext::input(size_t i) const {
  require(has_input(i), "input {} is missing", i);
  return inputs_[i]->type;
}

int InferContext::rank(size_t i) const { return static_cast<int>(dims(i).size()); }

const Dims& InferContext::dims(size_t i) const {
  const ValueType& type = input(i);
  require(type.is_tensor(), "input {}: expected a tensor, got {}", i, type.to_string());
  require(type.has_rank(), "input {}: the rank has to be known, got {}", i, type.to_string());
  return *type.dims;
}

std::optional<Dims> InferContext::contents(size_t i) const {
  if (!has_input(i)) return std::nullopt;
  const Input& input = *inputs_[i];
  if (input.contents) return input.contents;
  if (!input.constant || !is_integer(input.constant->type) || input.constant->shape.size() > 1)
    return std::nullopt;
  return to_dims(load_all<int64_t>(*input.constant));
}

std::optional<std::vector<int64_t>> InferContext::integers(size_t i) const {
  if (!has_input(i)) return std::nullopt;
  const Input& input = *inputs_[i];
  if (input.constant && is_integer(input.constant->type)) return load_all<int64_t>(*input.constant);
  if (input.contents && all_constant(*input.contents)) return constants(*input.contents);
  return std::nullopt;
}

std::optional<ConstTensorView> InferContext::constant(size_t i) const {
  return has_input(i) ? inputs_[i]->constant : std::nullopt;
}

void InferContext::set_output(size_t i, ValueType type) {
  if (i < outputs_.size()) outputs_[i].type = std::move(type);
}

void InferContext::set_output_rank(size_t i, ElementType element, int rank) {
  if (i >= outputs_.size()) return;
  Dims dims;
  for (int d = 0; d < rank; ++d) dims.push_back(new_dim("d" + std::to_string(d)));
  set_output(i, element, std::move(dims));
}

void InferContext::set_contents(size_t i, Dims elements) {
  if (i < outputs_.size()) outputs_[i].contents = std::move(elements);
}

int InferContext::axis(int64_t value, int rank, std::string_view what) const {
  require(value >= -rank && value < rank, "{}: expected a dimension in [{}, {}), got {}", what,
          -rank, rank, value);
  return static_cast<int>(value < 0 ? value + rank : value);
}

Dims broadcast_dims(const Dims& a, const Dims& b) {
  const Dims& longer = a.size() >= b.size() ? a : b;
  const Dims& shorter = a.size() >= b.size() ? b : a;
  const size_t skipped = longer.size() - shorter.size();
  Dims result = longer;
  for (size_t d = 0; d < shorter.size(); ++d)
    result[skipped + d] = broadcast(longer[skipped + d], shorter[d]);
  return result;
}

void infer_same(InferContext& context) {
  context.set_output(0, context.input(0));
  if (auto contents = context.contents(0)) context.set_contents(0, std::move(*contents));
}

void infer_broadcast(InferContext& context, std::optional<ElementType> element,
                     size_t element_from) {
  const ElementType type = element ? *element : context.element(element_from);
  Dims result;
  for (size_t i = 0; i < context.input_count(); ++i) {
    if (!context.has_input(i)) continue;
    if (!context.has_rank(i)) return context.set_output_rank_unknown(0, type);
    with_context([&] { return fmt::format("{}: input {}", context.op(), i); },
                 [&] { result = broadcast_dims(result, context.dims(i)); });
  }
  context.set_output(0, type, std::move(result));
}

}  // namespace cermet
