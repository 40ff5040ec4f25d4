#include "ops/sequence/sequence.ref.h"

namespace cermet {
namespace {

// Reads what ValueType::to_string writes, but sizes: they are not part of an optional's promise.
ValueType parse_type(std::string_view text) {
  const auto inside = [&](std::string_view word) -> std::optional<std::string_view> {
    if (!text.starts_with(word) || !text.ends_with(')') || text.size() < word.size() + 2 ||
        text[word.size()] != '(')
      return std::nullopt;
    return text.substr(word.size() + 1, text.size() - word.size() - 2);
  };
  if (const auto inner = inside("sequence")) return ValueType::sequence(parse_type(*inner));
  if (const auto inner = inside("optional")) return ValueType::optional(parse_type(*inner));
  const auto element = element_type_from_name(text.substr(0, text.find('[')));
  require(element.has_value(), ErrorCode::invalid_model,
          "type: expected a type such as \"float32\" or \"sequence(int64)\", got \"{}\"", text);
  return ValueType::tensor(*element, std::nullopt);
}

bool is_optional(const EvalContext& context) {
  return !context.is_tensor(0) && context.value(0).kind == Value::Kind::optional;
}

void hand_on(EvalContext& context, const Value& value) {
  if (value.kind != Value::Kind::tensor) return context.set_output(0, value);
  const ConstTensorView tensor = value.tensor.view();
  copy_elements(tensor, 0, context.output(0, tensor.type, tensor.shape), 0, tensor.elements());
}

}  // namespace

void infer_optional(InferContext& context) {
  context.set_output(
      0, ValueType::optional(context.has_input(0) ? context.input(0)
                                                  : parse_type(context.attributes().text("type"))));
}

void evaluate_optional(EvalContext& context) {
  if (!context.has_input(0))
    return context.set_output(0, Value::none(context.inferred(0).inner->element));
  if (context.is_tensor(0))
    return context.set_output(0, Value::some(Value(Tensor::copy_of(context.input(0)))));
  context.set_output(0, Value::some(context.value(0)));
}

void infer_optional_get_element(InferContext& context) {
  const ValueType& type = context.input(0);
  context.set_output(
      0, type.kind == Value::Kind::optional ? element_type_of(context, *type.inner) : type);
}

void evaluate_optional_get_element(EvalContext& context) {
  if (!is_optional(context)) {
    if (!context.is_tensor(0)) return context.set_output(0, context.value(0));
    const ConstTensorView& tensor = context.input(0);
    return copy_elements(tensor, 0, context.output(0, tensor.type, tensor.shape), 0,
                         tensor.elements());
  }
  context.require(!context.value(0).elements.empty(), "the optional is empty");
  hand_on(context, context.value(0).elements.front());
}

void infer_optional_has_element(InferContext& context) {
  context.set_output(0, ElementType::boolean, {});
}

void evaluate_optional_has_element(EvalContext& context) {
  const bool has =
      context.has_input(0) && (!is_optional(context) || !context.value(0).elements.empty());
  *context.output(0, ElementType::boolean, {}).as<bool>() = has;
}

}  // namespace cermet
