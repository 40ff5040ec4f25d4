#include "common/value_proto.h"

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "common/errors.h"
#include "common/tensor_proto.h"

namespace cermet::tools {
namespace {

// SequenceProto and OptionalProto name what they hold alike.
enum Held : int32_t { nothing = 0, held_tensor = 1, held_sequence = 3, held_optional = 5 };
// Deeper nesting than any model has is a damaged file.
constexpr int max_depth = 16;

Value parse_held(std::string_view message, Held held, ElementType type, int depth);

std::string_view view_of(protozero::pbf_reader& reader) {
  const auto view = reader.get_view();
  return {view.data(), view.size()};
}

// Fields of SequenceProto and OptionalProto alike.
enum Field : uint32_t {
  name_field = 1,
  kind_field = 2,
  tensor_field = 3,
  sequence_field = 5,
  optional_field = 7
};

std::vector<Value> parse_elements(std::string_view message, ElementType type, int depth,
                                  int32_t& held) {
  require(depth < max_depth, ErrorCode::invalid_argument, "values nest deeper than {}", max_depth);
  std::vector<Value> elements;
  protozero::pbf_reader reader(message.data(), message.size());
  while (reader.next()) {
    switch (reader.tag()) {
      case name_field:
        reader.skip();
        break;
      case kind_field:
        held = reader.get_enum();
        break;
      case tensor_field:
        elements.push_back(parse_held(view_of(reader), held_tensor, type, depth + 1));
        break;
      case sequence_field:
        elements.push_back(parse_held(view_of(reader), held_sequence, type, depth + 1));
        break;
      case optional_field:
        elements.push_back(parse_held(view_of(reader), held_optional, type, depth + 1));
        break;
      default:
        fail(ErrorCode::unsupported,
             "field {} of the message is a sparse tensor or a map, which Cermet does not take",
             static_cast<uint32_t>(reader.tag()));
    }
  }
  return elements;
}

ElementType type_of(const std::vector<Value>& elements, ElementType otherwise) {
  return elements.empty() ? otherwise : elements.front().element_type;
}

Value parse_held(std::string_view message, Held held, ElementType type, int depth) {
  if (held == held_tensor) return parse_tensor(message);
  int32_t kind = nothing;
  if (held == held_sequence) {
    std::vector<Value> elements = parse_elements(message, type, depth, kind);
    const ElementType element = type_of(elements, type);
    return Value::sequence(std::move(elements), element);
  }
  std::vector<Value> elements = parse_elements(message, type, depth, kind);
  if (elements.empty() || kind == nothing) return Value::none(type);
  require(elements.size() == 1, ErrorCode::invalid_argument,
          "an optional holds one value, the message has {}", elements.size());
  return Value::some(std::move(elements.front()));
}

Held held_of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::tensor:
      return held_tensor;
    case Value::Kind::sequence:
      return held_sequence;
    case Value::Kind::optional:
      return held_optional;
  }
  fail(ErrorCode::internal, "a value of kind {}", static_cast<int>(value.kind));
}

// A message that holds `elements`, each of kind `held`.
std::string container(const std::vector<Value>& elements, Held held, std::string_view name) {
  std::string message;
  protozero::pbf_writer writer(message);
  if (!name.empty()) writer.add_string(name_field, name.data(), name.size());
  writer.add_enum(kind_field, held);
  for (const Value& element : elements) {
    const Held kind = held_of(element);
    const uint32_t field = kind == held_tensor     ? tensor_field
                           : kind == held_sequence ? sequence_field
                                                   : optional_field;
    writer.add_message(field, value_message(element, ""));
  }
  return message;
}

}  // namespace

Value parse_value(std::string_view message, const TensorInfo& expected) {
  constexpr Held held[] = {held_tensor, held_sequence, held_optional};
  try {
    return parse_held(message, held[static_cast<int>(expected.kind)], expected.type, 0);
  } catch (const protozero::exception& error) {
    fail(ErrorCode::invalid_argument, "the file is no protobuf message of ONNX: {}", error.what());
  }
}

std::string tensor_message(const ConstTensorView& tensor, std::string_view name) {
  std::string message;
  protozero::pbf_writer writer(message);
  for (const int64_t size : tensor.shape) writer.add_int64(1, size);
  writer.add_int32(2, static_cast<int32_t>(tensor.type));
  if (tensor.type == ElementType::string) {
    for (int64_t i = 0; i < tensor.elements(); ++i)
      writer.add_string(6, tensor.as<std::string>()[i]);
  }
  if (!name.empty()) writer.add_string(8, name.data(), name.size());
  if (tensor.type != ElementType::string)
    writer.add_bytes(9, tensor.as<char>(), tensor.elements() == 0 ? 0 : tensor.bytes());
  return message;
}

std::string value_message(const Value& value, std::string_view name) {
  if (value.kind == Value::Kind::tensor) return tensor_message(value.tensor.view(), name);
  const Held held = value.elements.empty()
                        ? (value.kind == Value::Kind::sequence ? held_tensor : nothing)
                        : held_of(value.elements.front());
  return container(value.elements, held, name);
}

}  // namespace cermet::tools
