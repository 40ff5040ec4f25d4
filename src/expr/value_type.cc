#include "expr/value_type.h"

namespace cermet {

ValueType ValueType::tensor(ElementType element, std::optional<Dims> dims) {
  return {Value::Kind::tensor, element, std::move(dims), nullptr};
}

ValueType ValueType::sequence(ValueType inner) {
  const ElementType element = inner.element;
  return {Value::Kind::sequence, element, std::nullopt,
          std::make_shared<const ValueType>(std::move(inner))};
}

ValueType ValueType::optional(ValueType inner) {
  const ElementType element = inner.element;
  return {Value::Kind::optional, element, std::nullopt,
          std::make_shared<const ValueType>(std::move(inner))};
}

bool ValueType::operator==(const ValueType& other) const {
  if (kind != other.kind || element != other.element || dims != other.dims) return false;
  if (!inner || !other.inner) return !inner && !other.inner;
  return *inner == *other.inner;
}

std::string ValueType::to_string() const {
  if (kind == Value::Kind::tensor) {
    return std::string(name(element)) + (dims ? cermet::to_string(*dims) : "[?]");
  }
  const std::string held = inner ? inner->to_string() : std::string(name(element)) + "[?]";
  return (kind == Value::Kind::sequence ? "sequence(" : "optional(") + held + ")";
}

}  // namespace cermet
