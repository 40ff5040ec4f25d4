#include "common/tensor_proto.h"

#include <cstring>
#include <protozero/pbf_reader.hpp>
#include <vector>

#include "common/errors.h"

namespace cermet::tools {
namespace {

struct Fields {
  Shape dims;
  int32_t data_type = 0;
  std::string name;
  std::vector<float> floats;
  std::vector<double> doubles;
  std::vector<int64_t> int32s, int64s;
  std::vector<uint64_t> uint64s;
  std::vector<std::string> strings;
  std::string_view raw;
  bool has_raw = false;
};

// Lists come packed (one field holds all) or as one field an element.
template <class T>
void append_varints(protozero::pbf_reader& reader, std::vector<T>& into) {
  if (reader.wire_type() == protozero::pbf_wire_type::length_delimited) {
    for (const auto value : reader.get_packed_uint64()) into.push_back(static_cast<T>(value));
  } else {
    into.push_back(static_cast<T>(reader.get_uint64()));
  }
}

void append_floats(protozero::pbf_reader& reader, std::vector<float>& into) {
  if (reader.wire_type() != protozero::pbf_wire_type::length_delimited)
    return into.push_back(reader.get_float());
  for (const float value : reader.get_packed_float()) into.push_back(value);
}

void append_doubles(protozero::pbf_reader& reader, std::vector<double>& into) {
  if (reader.wire_type() != protozero::pbf_wire_type::length_delimited)
    return into.push_back(reader.get_double());
  for (const double value : reader.get_packed_double()) into.push_back(value);
}

void read_field(protozero::pbf_reader& reader, Fields& f) {
  constexpr int external = 1;
  switch (reader.tag()) {
    case 1:
      return append_varints(reader, f.dims);
    case 2:
      f.data_type = reader.get_int32();
      return;
    case 4:
      return append_floats(reader, f.floats);
    case 5:
      return append_varints(reader, f.int32s);
    case 6:
      f.strings.push_back(reader.get_string());
      return;
    case 7:
      return append_varints(reader, f.int64s);
    case 8:
      f.name = reader.get_string();
      return;
    case 9: {
      const auto bytes = reader.get_view();
      f.raw = {bytes.data(), bytes.size()};
      f.has_raw = true;
      return;
    }
    case 10:
      return append_doubles(reader, f.doubles);
    case 11:
      return append_varints(reader, f.uint64s);
    case 14:
      require(reader.get_enum() != external, ErrorCode::invalid_argument,
              "the tensor's data lie in another file; save it with its data inside");
      return;
    default:
      reader.skip();
  }
}

// Copies a list whose element is as wide as the tensor's, or narrows each to `width` bytes.
template <class T>
void store(const std::vector<T>& values, size_t expected, size_t width, Tensor& tensor) {
  require(values.size() == expected, ErrorCode::invalid_argument,
          "{}{} takes {} entries, the message has {}", name(tensor.type()),
          to_string(tensor.shape()), expected, values.size());
  auto* bytes = tensor.view().as<std::byte>();
  for (size_t i = 0; i < values.size(); ++i) std::memcpy(bytes + i * width, &values[i], width);
}

void store_lists(const Fields& f, Tensor& tensor) {
  const auto count = static_cast<size_t>(tensor.elements());
  switch (tensor.type()) {
    case ElementType::string:
      require(f.strings.size() == count, ErrorCode::invalid_argument,
              "string{} takes {} entries, the message has {}", to_string(tensor.shape()), count,
              f.strings.size());
      std::copy(f.strings.begin(), f.strings.end(), tensor.view().as<std::string>());
      return;
    case ElementType::float32:
      return store(f.floats, count, 4, tensor);
    case ElementType::complex64:
      return store(f.floats, 2 * count, 4, tensor);
    case ElementType::float64:
      return store(f.doubles, count, 8, tensor);
    case ElementType::complex128:
      return store(f.doubles, 2 * count, 8, tensor);
    case ElementType::int64:
      return store(f.int64s, count, 8, tensor);
    case ElementType::uint64:
      return store(f.uint64s, count, 8, tensor);
    case ElementType::uint32:
      return store(f.uint64s, count, 4, tensor);
    default:
      break;
  }
  // int32_data holds all other types; those narrower than a byte come packed, one byte an entry.
  const int bits = bit_width(tensor.type());
  store(f.int32s, bits < 8 ? tensor.bytes() : count, std::max(1, bits / 8), tensor);
}

// An upper bound of what the lists can fill: damaged sizes must not allocate.
void check_plausible(const Fields& f, int64_t count) {
  const size_t entries = f.floats.size() + f.doubles.size() + f.int32s.size() + f.int64s.size() +
                         f.uint64s.size() + f.strings.size();
  require(static_cast<uint64_t>(count) <= 4 * entries, ErrorCode::invalid_argument,
          "shape {} takes {} elements, the message has {} entries", to_string(f.dims), count,
          entries);
}

Tensor tensor_of(const Fields& f) {
  require(f.data_type > 0 && f.data_type < element_type_count, ErrorCode::invalid_argument,
          "data_type {} is not one that ONNX defines (1 to {})", f.data_type,
          element_type_count - 1);
  const auto type = static_cast<ElementType>(f.data_type);
  const int64_t count = element_count(f.dims);
  if (f.has_raw && type != ElementType::string) {
    const size_t expected = byte_size(type, count);
    require(f.raw.size() == expected, ErrorCode::invalid_argument,
            "{}{} takes {} bytes, raw_data has {}", name(type), to_string(f.dims), expected,
            f.raw.size());
    const void* const bytes = f.raw.data();
    return Tensor::copy_of({type, f.dims, bytes});
  }
  check_plausible(f, count);
  Tensor tensor(type, f.dims);
  store_lists(f, tensor);
  return tensor;
}

}  // namespace

Tensor parse_tensor(std::string_view message) {
  Fields fields;
  protozero::pbf_reader reader(message.data(), message.size());
  while (reader.next()) read_field(reader, fields);
  return with_context(fmt::format("tensor '{}'", fields.name), [&] { return tensor_of(fields); });
}

}  // namespace cermet::tools
