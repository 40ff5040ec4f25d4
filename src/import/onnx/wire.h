// Small helpers over protozero: ONNX writers use packed and unpacked lists alike.
#pragma once

#include <protozero/pbf_reader.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cermet::onnx {

inline std::string_view to_view(const protozero::data_view& view) {
  return {view.data(), view.size()};
}

template <class T>
void append_varints(protozero::pbf_reader& reader, std::vector<T>& into) {
  if (reader.wire_type() == protozero::pbf_wire_type::length_delimited) {
    for (auto value : reader.get_packed_uint64()) into.push_back(static_cast<T>(value));
  } else {
    into.push_back(static_cast<T>(reader.get_uint64()));
  }
}

// float_data and double_data, widened.
template <class T>
void append_fixed(protozero::pbf_reader& reader, std::vector<double>& into) {
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
inline std::pair<std::string, std::string> read_entry(protozero::pbf_reader& reader) {
  std::pair<std::string, std::string> entry;
  protozero::pbf_reader message = reader.get_message();
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
