// Small helpers over protozero: ONNX writers use packed and unpacked lists alike.
#pragma once

#include <protozero/pbf_reader.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace cermet::onnx {

inline std::string_view to_view(const protozero::data_view& view) {
  return {view.data(), view.size()};
}

// A reader that throws invalid_model where a field is not encoded as its type wants. (protozero
// asserts that it is.)
class WireReader : public protozero::pbf_reader {
 public:
  WireReader(const char* data, size_t size) : pbf_reader(data, size) {}

  WireReader get_message() {
    return WireReader(expect(Type::length_delimited).pbf_reader::get_message());
  }
  protozero::data_view get_view() { return expect(Type::length_delimited).pbf_reader::get_view(); }
  std::string get_string() { return expect(Type::length_delimited).pbf_reader::get_string(); }
  int64_t get_int64() { return expect(Type::varint).pbf_reader::get_int64(); }
  uint64_t get_uint64() { return expect(Type::varint).pbf_reader::get_uint64(); }
  int32_t get_int32() { return expect(Type::varint).pbf_reader::get_int32(); }
  int32_t get_enum() { return expect(Type::varint).pbf_reader::get_enum(); }
  float get_float() { return expect(Type::fixed32).pbf_reader::get_float(); }
  double get_double() { return expect(Type::fixed64).pbf_reader::get_double(); }

 private:
  using Type = protozero::pbf_wire_type;

  explicit WireReader(const pbf_reader& from) : pbf_reader(from) {}

  WireReader& expect(Type type) {
    require(wire_type() == type, ErrorCode::invalid_model,
            "field {} of a message: expected the wire type {}, got {}; the file is damaged", tag(),
            static_cast<int>(type), static_cast<int>(wire_type()));
    return *this;
  }
};

template <class T>
void append_varints(WireReader& reader, std::vector<T>& into) {
  if (reader.wire_type() == protozero::pbf_wire_type::length_delimited) {
    for (auto value : reader.get_packed_uint64()) into.push_back(static_cast<T>(value));
  } else {
    into.push_back(static_cast<T>(reader.get_uint64()));
  }
}

// float_data and double_data, widened.
template <class T>
void append_fixed(WireReader& reader, std::vector<double>& into) {
  const bool packed = reader.wire_type() == protozero::pbf_wire_type::length_delimited;
  if constexpr (sizeof(T) == 4) {
    if (!packed) return into.push_back(reader.get_float());
    for (float value : reader.get_packed_float()) into.push_back(value);
  } else {
    if (!packed) return into.push_back(reader.get_double());
    for (double value : reader.get_packed_double()) into.push_back(value);
  }
}

// A StringStringEntryProto.
inline std::pair<std::string, std::string> read_entry(WireReader& reader) {
  std::pair<std::string, std::string> entry;
  WireReader message = reader.get_message();
  while (message.next()) {
    if (message.tag() == 1)
      entry.first = message.get_string();
    else if (message.tag() == 2)
      entry.second = message.get_string();
    else
      message.skip();
  }
  return entry;
}

}  // namespace cermet::onnx
