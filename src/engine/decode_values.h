// The values that metadata is made of, checked while they are read.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/attributes.h"
#include "base/error.h"
#include "engine/schema_generated.h"
#include "expr/layout.h"
#include "expr/value_type.h"

namespace cermet {

template <class... Args>
void expect_engine(bool holds, fmt::format_string<Args...> text, Args&&... args) {
  require(holds, ErrorCode::invalid_engine, text, std::forward<Args>(args)...);
}

// Runs `body`; every Error that leaves it, whatever its code, becomes invalid_engine with `field()`
// in front, except for want of memory.
template <class Field, class Body>
decltype(auto) in_field(Field&& field, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (const Error& error) {
    const bool memory = error.code() == ErrorCode::out_of_memory;
    throw Error(memory ? error.code() : ErrorCode::invalid_engine,
                fmt::format("{}: {}", field(), error.message()));
  }
}

// Calls read(element, index) for each; an absent list is empty.
template <class T, class Read>
void for_each_entry(const flatbuffers::Vector<T>* list, std::string_view field, Read&& read) {
  if (list == nullptr) return;
  for (flatbuffers::uoffset_t i = 0; i < list->size(); ++i)
    in_field([&] { return fmt::format("{} {}", field, i); }, [&] { read(list->Get(i), i); });
}

ElementType decode_element(uint8_t element);

class ValueDecoder {
 public:
  // Reads the tables of sizes and types. What all calls give together is limited to a multiple of
  // `metadata_bytes`, so that a file whose tables share parts can't take all memory.
  ValueDecoder(const fb::Engine& engine, size_t metadata_bytes);

  std::string text(const flatbuffers::String* text);
  std::vector<std::string> texts(
      const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* list);
  template <class T>
  std::vector<T> list(const flatbuffers::Vector<T>* list) {
    if (list == nullptr) return {};
    spend(list->size() * sizeof(T));
    // Copied as bytes: the verifier does not look at the alignment of elements.
    std::vector<T> result(list->size());
    if (!result.empty()) std::memcpy(result.data(), list->Data(), result.size() * sizeof(T));
    return result;
  }
  Dim dim(int64_t index);
  Dims dims(const flatbuffers::Vector<uint32_t>* indices);
  ValueType type(int64_t index);
  // A layout that fits the type.
  Layout layout(const flatbuffers::String* text, const ValueType& type);
  Attributes attributes(const flatbuffers::Vector<flatbuffers::Offset<fb::Attribute>>* list);

 private:
  void spend(size_t bytes);
  ValueType decode_type(const fb::ValueType& from, std::vector<int>& depths);
  Attribute attribute(const fb::Attribute& from);
  Tensor tensor(const fb::TensorData* from);

  size_t budget_;
  Dims dims_;
  std::vector<ValueType> types_;
};

}  // namespace cermet
