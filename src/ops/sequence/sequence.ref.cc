#include "ops/sequence/sequence.ref.h"

#include "ops/families.ref.h"

namespace cermet {
namespace {

// The type of tensors that are of one of two types; the shape only where it is the same.
ValueType common_type(const InferContext& context, const ValueType& a, const ValueType& b) {
  context.require(a.element == b.element || a.element == ElementType::undefined ||
                      b.element == ElementType::undefined,
                  "expected elements of one type in a sequence, got {} and {}", a.to_string(),
                  b.to_string());
  if (a == b) return a;
  return ValueType::tensor(a.element == ElementType::undefined ? b.element : a.element,
                           std::nullopt);
}

const ValueType& held_by_sequence(const InferContext& context) {
  const ValueType& type = context.input(0);
  context.require(type.kind == Value::Kind::sequence && type.inner != nullptr,
                  "expected a sequence, got {}", type.to_string());
  return *type.inner;
}

const Value& sequence_input(const EvalContext& context) {
  const Value& value = context.value(0);
  context.require(value.kind == Value::Kind::sequence, "expected a sequence");
  return value;
}

// A position counted from the back when negative; `places` of them are legal.
size_t position(const EvalContext& context, size_t input, int64_t count, int64_t places) {
  const auto given = context.integers(input);
  context.require(given.size() == 1, "position: expected one number, got {}", given.size());
  context.require(given[0] >= -count && given[0] < places,
                  "position {} is outside a sequence of {} elements", given[0], count);
  return static_cast<size_t>(given[0] < 0 ? given[0] + count : given[0]);
}

}  // namespace

ValueType element_type_of(InferContext& context, ValueType held) {
  if (!held.has_rank()) return held;
  for (Dim& dim : *held.dims)
    if (!dim.is_constant()) dim = context.new_dim("element");
  return held;
}

void infer_sequence_construct(InferContext& context) {
  context.require(context.input_count() > 0, "expected at least one tensor");
  ValueType type = context.input(0);
  for (size_t i = 1; i < context.input_count(); ++i)
    type = common_type(context, type, context.input(i));
  context.set_output(0, ValueType::sequence(std::move(type)));
}

void evaluate_sequence_construct(EvalContext& context) {
  std::vector<Value> elements;
  for (size_t i = 0; i < context.input_count(); ++i)
    elements.emplace_back(Tensor::copy_of(context.input(i)));
  context.require(!elements.empty(), "expected at least one tensor");
  const ElementType type = elements.front().element_type;
  context.set_output(0, Value::sequence(std::move(elements), type));
}

void infer_sequence_empty(InferContext& context) {
  const int64_t type =
      context.attributes().integer("dtype", static_cast<int64_t>(ElementType::float32));
  context.require(type > 0 && type < element_type_count, "dtype: {} is not an element type", type);
  context.set_output(
      0, ValueType::sequence(ValueType::tensor(static_cast<ElementType>(type), std::nullopt)));
}

void evaluate_sequence_empty(EvalContext& context) {
  context.set_output(0, Value::sequence({}, context.inferred(0).inner->element));
}

void infer_sequence_insert(InferContext& context) {
  context.set_output(
      0, ValueType::sequence(common_type(context, held_by_sequence(context), context.input(1))));
}

void evaluate_sequence_insert(EvalContext& context) {
  Value sequence = sequence_input(context);
  const ConstTensorView& tensor = context.input(1);
  context.require(
      sequence.element_type == tensor.type || sequence.element_type == ElementType::undefined,
      "a tensor of {} does not belong in a sequence of {}", name(tensor.type),
      name(sequence.element_type));
  sequence.element_type = tensor.type;
  const auto count = static_cast<int64_t>(sequence.elements.size());
  const size_t at =
      context.has_input(2) ? position(context, 2, count, count + 1) : static_cast<size_t>(count);
  sequence.elements.insert(sequence.elements.begin() + static_cast<int64_t>(at),
                           Value(Tensor::copy_of(tensor)));
  context.set_output(0, std::move(sequence));
}

void infer_sequence_erase(InferContext& context) {
  held_by_sequence(context);
  context.set_output(0, context.input(0));
}

void evaluate_sequence_erase(EvalContext& context) {
  Value sequence = sequence_input(context);
  const auto count = static_cast<int64_t>(sequence.elements.size());
  context.require(count > 0, "an empty sequence has nothing to erase");
  const size_t at =
      context.has_input(1) ? position(context, 1, count, count) : static_cast<size_t>(count - 1);
  sequence.elements.erase(sequence.elements.begin() + static_cast<int64_t>(at));
  context.set_output(0, std::move(sequence));
}

void infer_sequence_at(InferContext& context) {
  context.set_output(0, element_type_of(context, held_by_sequence(context)));
}

void evaluate_sequence_at(EvalContext& context) {
  const Value& sequence = sequence_input(context);
  const auto count = static_cast<int64_t>(sequence.elements.size());
  const Value& element = sequence.elements[position(context, 1, count, count)];
  if (element.kind != Value::Kind::tensor) return context.set_output(0, element);
  const ConstTensorView tensor = element.tensor.view();
  copy_elements(tensor, 0, context.output(0, tensor.type, tensor.shape), 0, tensor.elements());
}

void infer_sequence_length(InferContext& context) {
  held_by_sequence(context);
  context.set_output(0, ElementType::int64, {});
}

void evaluate_sequence_length(EvalContext& context) {
  *context.output(0, ElementType::int64, {}).as<int64_t>() =
      static_cast<int64_t>(sequence_input(context).elements.size());
}

std::span<const Operator> sequence_operators() {
  static constexpr Operator operators[] = {
      {"ConcatFromSequence", infer_concat_from_sequence, evaluate_concat_from_sequence},
      {"Optional", infer_optional, evaluate_optional},
      {"OptionalGetElement", infer_optional_get_element, evaluate_optional_get_element},
      {"OptionalHasElement", infer_optional_has_element, evaluate_optional_has_element},
      {"SequenceAt", infer_sequence_at, evaluate_sequence_at},
      {"SequenceConstruct", infer_sequence_construct, evaluate_sequence_construct},
      {"SequenceEmpty", infer_sequence_empty, evaluate_sequence_empty},
      {"SequenceErase", infer_sequence_erase, evaluate_sequence_erase},
      {"SequenceInsert", infer_sequence_insert, evaluate_sequence_insert},
      {"SequenceLength", infer_sequence_length, evaluate_sequence_length},
      {"SplitToSequence", infer_split_to_sequence, evaluate_split_to_sequence},
  };
  return operators;
}

}  // namespace cermet
