#include "engine/decode_constants.h"

#include <cstring>

#include "engine/format.h"

namespace cermet {
namespace {

using Bytes = std::span<const std::byte>;

Bytes bytes_of_constant(const fb::Constant& from, Bytes section, SectionKind kind,
                        size_t alignment) {
  expect_engine(from.offset() % alignment == 0, "offset: expected a multiple of {}, got {}",
                alignment, from.offset());
  expect_engine(from.offset() <= section.size(),
                "offset: expected at most {}, the size of the section of {}, got {}",
                section.size(), name(kind), from.offset());
  expect_engine(from.bytes() <= section.size() - from.offset(),
                "bytes: expected at most {}, to the end of the section of {}, got {}",
                section.size() - from.offset(), name(kind), from.bytes());
  return section.subspan(from.offset(), from.bytes());
}

// The ends of all strings, then their characters.
Tensor decode_strings(Bytes bytes, const Shape& shape) {
  const auto count = static_cast<size_t>(element_count(shape));
  expect_engine(count <= bytes.size() / sizeof(uint64_t),
                "bytes: expected at least 8 a string of the shape {}, got {}", to_string(shape),
                bytes.size());
  const Bytes characters = bytes.subspan(count * sizeof(uint64_t));
  Tensor tensor(ElementType::string, shape);
  auto* strings = static_cast<std::string*>(tensor.view().data);
  uint64_t begin = 0;
  for (size_t i = 0; i < count; ++i) {
    uint64_t end = 0;
    std::memcpy(&end, bytes.data() + i * sizeof(end), sizeof(end));
    expect_engine(begin <= end && end <= characters.size(),
                  "string {}: expected its end from {} to {}, got {}", i, begin, characters.size(),
                  end);
    strings[i].assign(reinterpret_cast<const char*>(characters.data()) + begin, end - begin);
    begin = end;
  }
  expect_engine(begin == characters.size(), "bytes: the strings end at {}, the constant at {}",
                begin, characters.size());
  return tensor;
}

Tensor decode_tensor(const fb::Constant& from, const Sections& sections, ValueDecoder& values) {
  const ElementType element = decode_element(from.element());
  expect_engine(element != ElementType::undefined, "element: expected a type, got undefined");
  const Shape shape = values.list(from.shape());
  if (element == ElementType::string)
    return decode_strings(
        bytes_of_constant(from, sections.strings, SectionKind::strings, sizeof(uint64_t)), shape);
  const Bytes bytes =
      bytes_of_constant(from, sections.weights, SectionKind::weights, section_alignment);
  const size_t expected = byte_size(element, element_count(shape));
  expect_engine(bytes.size() == expected, "bytes: expected {} for {}{}, got {}", expected,
                name(element), to_string(shape), bytes.size());
  return Tensor(element, shape, sections.owner, bytes.data());
}

}  // namespace

std::vector<PlanConstant> decode_constants(const fb::Engine& engine, const Sections& sections,
                                           ValueDecoder& values) {
  std::vector<PlanConstant> constants;
  for_each_entry(engine.constants(), "constant", [&](const fb::Constant* from, size_t) {
    constants.push_back({decode_tensor(*from, sections, values), values.texts(from->initializers()),
                         values.texts(from->operations()), values.text(from->form())});
  });
  return constants;
}

}  // namespace cermet
