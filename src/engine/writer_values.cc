#include "engine/writer_values.h"

#include "base/error.h"
#include "engine/format.h"

namespace cermet {

TableOffsets<flatbuffers::String> ValueEncoder::texts(const std::vector<std::string>& texts) {
  std::vector<flatbuffers::Offset<flatbuffers::String>> offsets;
  offsets.reserve(texts.size());
  // An entry of a list is there even when it is empty.
  for (const std::string& text : texts) offsets.push_back(builder_.CreateSharedString(text));
  return tables(offsets);
}

uint32_t ValueEncoder::dim(const Dim& dim) {
  const auto [entry, fresh] =
      dim_indices_.emplace(dim.to_string(), static_cast<uint32_t>(dim_texts_.size()));
  if (fresh) {
    require(Dim::parse(entry->first) == dim, ErrorCode::internal,
            "writing the engine: the size '{}' is another when it is read again", entry->first);
    dim_texts_.push_back(entry->first);
  }
  return entry->second;
}

std::vector<uint32_t> ValueEncoder::dims(const Dims& dims) {
  std::vector<uint32_t> indices;
  indices.reserve(dims.size());
  for (const Dim& size : dims) indices.push_back(dim(size));
  return indices;
}

uint32_t ValueEncoder::type(const ValueType& type, int depth) {
  require(depth <= max_type_depth, ErrorCode::internal,
          "writing the engine: expected at most {} types within each other", max_type_depth);
  const int32_t inner = type.inner ? static_cast<int32_t>(this->type(*type.inner, depth + 1)) : -1;
  TypeKey key{type.kind, type.element, type.dims.has_value(),
              type.dims ? dims(*type.dims) : std::vector<uint32_t>(), inner};
  const auto [entry, fresh] =
      type_indices_.emplace(std::move(key), static_cast<uint32_t>(types_.size()));
  if (fresh) types_.push_back(entry->first);
  return entry->second;
}

TableOffsets<fb::ValueType> ValueEncoder::all_types() {
  std::vector<flatbuffers::Offset<fb::ValueType>> offsets;
  for (const auto& [kind, element, has_rank, dims, inner] : types_) {
    // Rank 0 is an empty list, an unknown rank is none.
    const Offsets<uint32_t> sizes = has_rank ? builder_.CreateVector(dims) : 0;
    offsets.push_back(fb::CreateValueType(builder_, static_cast<fb::ValueKind>(kind),
                                          static_cast<uint8_t>(element), sizes, inner));
  }
  return tables(offsets);
}

flatbuffers::Offset<flatbuffers::String> ValueEncoder::layout(const Layout& layout) {
  if (layout.is_row_major()) return 0;
  const std::string written = layout.to_string();
  require(Layout::parse(written) == layout, ErrorCode::internal,
          "writing the engine: the layout {} is another when it is read again", written);
  return text(written);
}

flatbuffers::Offset<fb::TensorData> ValueEncoder::tensor(const Tensor& tensor) {
  require(static_cast<bool>(tensor), ErrorCode::internal, "expected a tensor, got none");
  const Offsets<int64_t> shape = list(tensor.shape());
  const auto element = static_cast<uint8_t>(tensor.type());
  if (tensor.type() == ElementType::string) {
    const auto* strings = tensor.as<std::string>();
    const auto values = texts({strings, strings + tensor.elements()});
    return fb::CreateTensorData(builder_, element, shape, 0, values);
  }
  const Offsets<uint8_t> bytes = builder_.CreateVector(tensor.as<uint8_t>(), tensor.bytes());
  return fb::CreateTensorData(builder_, element, shape, bytes);
}

flatbuffers::Offset<fb::Attribute> ValueEncoder::attribute(const std::string& name,
                                                           const Attribute& value) {
  using Kind = fb::AttributeKind;
  const auto key = builder_.CreateSharedString(name);
  struct Fields {
    Kind kind;
    int64_t integer = 0;
    double number = 0;
    flatbuffers::Offset<flatbuffers::String> text = 0;
    flatbuffers::Offset<fb::TensorData> tensor = 0;
    Offsets<int64_t> integers = 0;
    Offsets<double> numbers = 0;
    TableOffsets<flatbuffers::String> texts = 0;
  };
  struct Visitor {
    ValueEncoder& encode;
    Fields operator()(int64_t v) { return {.kind = Kind::integer, .integer = v}; }
    Fields operator()(double v) { return {.kind = Kind::number, .number = v}; }
    Fields operator()(const std::string& v) { return {.kind = Kind::text, .text = encode.text(v)}; }
    Fields operator()(const Tensor& v) {
      return {.kind = Kind::tensor, .tensor = encode.tensor(v)};
    }
    Fields operator()(const std::vector<int64_t>& v) {
      return {.kind = Kind::integers, .integers = encode.list(v)};
    }
    Fields operator()(const std::vector<double>& v) {
      return {.kind = Kind::numbers, .numbers = encode.list(v)};
    }
    Fields operator()(const std::vector<std::string>& v) {
      return {.kind = Kind::texts, .texts = encode.texts(v)};
    }
  };
  const Fields fields = std::visit(Visitor{*this}, value);
  return fb::CreateAttribute(builder_, key, fields.kind, fields.integer, fields.number, fields.text,
                             fields.tensor, fields.integers, fields.numbers, fields.texts);
}

TableOffsets<fb::Attribute> ValueEncoder::attributes(const Attributes& attributes) {
  std::vector<flatbuffers::Offset<fb::Attribute>> offsets;
  for (const auto& [name, value] : attributes.all())
    offsets.push_back(with_context([&] { return fmt::format("attribute {}", name); },
                                   [&] { return attribute(name, value); }));
  return tables(offsets);
}

}  // namespace cermet
