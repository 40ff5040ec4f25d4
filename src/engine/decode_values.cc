#include "engine/decode_values.h"

#include "engine/format.h"

namespace cermet {
namespace {

// An engine that shares nothing needs a few times its metadata.
constexpr size_t budget_factor = 64;
constexpr size_t least_budget = size_t{1} << 20;

}  // namespace

ElementType decode_element(uint8_t element) {
  expect_engine(element < element_type_count, "element: expected a number below {}, got {}",
                element_type_count, element);
  return static_cast<ElementType>(element);
}

ValueDecoder::ValueDecoder(const fb::Engine& engine, size_t metadata_bytes)
    : budget_(metadata_bytes * budget_factor + least_budget) {
  for_each_entry(engine.dims(), "dims", [&](const flatbuffers::String* from, size_t) {
    dims_.push_back(Dim::parse(text(from)));
  });
  std::vector<int> depths;
  for_each_entry(engine.types(), "types", [&](const fb::ValueType* from, size_t) {
    types_.push_back(decode_type(*from, depths));
  });
}

void ValueDecoder::spend(size_t bytes) {
  expect_engine(bytes <= budget_,
                "the parts of the metadata are shared so often that they exceed "
                "{} times its size",
                budget_factor);
  budget_ -= bytes;
}

std::string ValueDecoder::text(const flatbuffers::String* text) {
  if (text == nullptr) return {};
  spend(text->size());
  return text->str();
}

std::vector<std::string> ValueDecoder::texts(
    const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* list) {
  std::vector<std::string> result;
  if (list == nullptr) return result;
  spend(list->size() * sizeof(std::string));
  result.reserve(list->size());
  for (const flatbuffers::String* entry : *list) result.push_back(text(entry));
  return result;
}

Dim ValueDecoder::dim(int64_t index) {
  spend(sizeof(Dim));
  expect_engine(index >= 0 && static_cast<uint64_t>(index) < dims_.size(),
                "dims: expected an index below {}, got {}", dims_.size(), index);
  return dims_[index];
}

Dims ValueDecoder::dims(const flatbuffers::Vector<uint32_t>* indices) {
  Dims result;
  if (indices == nullptr) return result;
  result.reserve(indices->size());
  for (const uint32_t index : *indices) result.push_back(dim(index));
  return result;
}

ValueType ValueDecoder::decode_type(const fb::ValueType& from, std::vector<int>& depths) {
  expect_engine(from.kind() <= fb::ValueKind::MAX, "kind: expected at most {}, got {}",
                static_cast<int>(fb::ValueKind::MAX), static_cast<int>(from.kind()));
  ValueType type;
  type.kind = static_cast<Value::Kind>(from.kind());
  type.element = decode_element(from.element());
  const int64_t earlier = static_cast<int64_t>(types_.size());
  expect_engine(from.inner() >= -1 && from.inner() < earlier,
                "inner: expected -1 or an earlier type, below {}, got {}", earlier, from.inner());
  expect_engine(!type.is_tensor() || from.inner() == -1, "inner: a tensor holds none, got {}",
                from.inner());
  expect_engine(type.is_tensor() || from.dims() == nullptr,
                "dims: expected none since it is no tensor");
  if (from.dims() != nullptr) type.dims = dims(from.dims());
  int depth = 0;
  if (from.inner() >= 0) {
    type.inner = std::make_shared<const ValueType>(types_[from.inner()]);
    depth = depths[from.inner()] + 1;
  }
  expect_engine(depth <= max_type_depth, "inner: expected at most {} types within each other",
                max_type_depth);
  depths.push_back(depth);
  return type;
}

ValueType ValueDecoder::type(int64_t index) {
  expect_engine(index >= 0 && index < static_cast<int64_t>(types_.size()),
                "type: expected an index below {}, got {}", types_.size(), index);
  const ValueType& type = types_[index];
  spend(sizeof(ValueType) + (type.dims ? type.dims->size() * sizeof(Dim) : 0));
  return type;
}

Layout ValueDecoder::layout(const flatbuffers::String* from, const ValueType& type) {
  const std::string written = text(from);
  if (written.empty()) return {};
  const Layout layout = Layout::parse(written);
  expect_engine(layout.to_string() == written && !layout.is_row_major(),
                "layout: expected a layout as it is printed, or none for row-major, got \"{}\"",
                written);
  expect_engine(type.has_rank(), "layout: expected none for the type {}, got \"{}\"",
                type.to_string(), written);
  const int rank = type.rank();
  expect_engine((layout.order.empty() || static_cast<int>(layout.order.size()) == rank) &&
                    layout.block_axis < rank && layout.row_dims <= rank,
                "layout: expected one of {} dimensions, got \"{}\"", rank, written);
  return layout;
}

Tensor ValueDecoder::tensor(const fb::TensorData* from) {
  expect_engine(from != nullptr, "tensor: it is missing");
  const ElementType element = decode_element(from->element());
  expect_engine(element != ElementType::undefined, "element: expected a type, got undefined");
  const Shape shape = list(from->shape());
  const int64_t elements = element_count(shape);
  if (element == ElementType::string) {
    const std::vector<std::string> values = texts(from->texts());
    expect_engine(elements == static_cast<int64_t>(values.size()),
                  "texts: expected {} of them for the shape {}, got {}", elements, to_string(shape),
                  values.size());
    return Tensor::copy_of({element, shape, values.data()});
  }
  const size_t bytes = from->bytes() == nullptr ? 0 : from->bytes()->size();
  expect_engine(byte_size(element, elements) == bytes,
                "bytes: expected {} of them for {}{}, got {}", byte_size(element, elements),
                name(element), to_string(shape), bytes);
  spend(bytes);
  return Tensor::copy_of({element, shape, bytes == 0 ? nullptr : from->bytes()->data()});
}

Attribute ValueDecoder::attribute(const fb::Attribute& from) {
  switch (from.kind()) {
    case fb::AttributeKind::integer:
      return from.integer();
    case fb::AttributeKind::number:
      return from.number();
    case fb::AttributeKind::text:
      return text(from.text());
    case fb::AttributeKind::tensor:
      return tensor(from.tensor());
    case fb::AttributeKind::integers:
      return list(from.integers());
    case fb::AttributeKind::numbers:
      return list(from.numbers());
    case fb::AttributeKind::texts:
      return texts(from.texts());
  }
  fail(ErrorCode::invalid_engine, "kind: expected at most {}, got {}",
       static_cast<int>(fb::AttributeKind::MAX), static_cast<int>(from.kind()));
}

Attributes ValueDecoder::attributes(
    const flatbuffers::Vector<flatbuffers::Offset<fb::Attribute>>* list) {
  Attributes result;
  for_each_entry(list, "attribute", [&](const fb::Attribute* from, size_t) {
    const std::string name = text(from->name());
    expect_engine(!result.has(name), "name: expected another than those before, got '{}'", name);
    in_field([&]() -> const std::string& { return name; },
             [&] { result.set(name, attribute(*from)); });
  });
  return result;
}

}  // namespace cermet
