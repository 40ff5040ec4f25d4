#include "import/onnx/tensor_reader.h"

#include <charconv>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/scalar.h"
#include "import/onnx/wire.h"

namespace cermet::onnx {
namespace {

// The fields of a TensorProto before their meaning together is known.
struct TensorFields {
  Shape dims;
  int32_t data_type = 0;
  std::string name;
  std::string_view raw;
  bool has_raw = false;
  std::vector<double> floats;      // float_data, double_data
  std::vector<int64_t> integers;   // int32_data, int64_data
  std::vector<uint64_t> naturals;  // uint64_data
  std::vector<std::string> strings;
  std::map<std::string, std::string> external;
  bool is_external = false;
};

TensorFields read_fields(std::string_view message) {
  TensorFields f;
  WireReader reader(message.data(), message.size());
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        append_varints(reader, f.dims);
        break;
      case 2:
        f.data_type = reader.get_int32();
        break;
      case 4:
        append_fixed<float>(reader, f.floats);
        break;
      case 5:
        append_varints(reader, f.integers);
        break;
      case 6:
        f.strings.push_back(reader.get_string());
        break;
      case 7:
        append_varints(reader, f.integers);
        break;
      case 8:
        f.name = reader.get_string();
        break;
      case 9:
        f.raw = to_view(reader.get_view());
        f.has_raw = true;
        break;
      case 10:
        append_fixed<double>(reader, f.floats);
        break;
      case 11:
        append_varints(reader, f.naturals);
        break;
      case 13:
        f.external.insert(read_entry(reader));
        break;
      case 14:
        f.is_external = reader.get_enum() == 1;
        break;
      default:
        reader.skip();
    }
  }
  return f;
}

ElementType element_type_of(int32_t data_type, const std::string& name) {
  require(data_type > 0 && data_type < element_type_count, ErrorCode::invalid_model,
          "tensor '{}': data_type {} is not an element type that ONNX defines (1 to {})", name,
          data_type, element_type_count - 1);
  return static_cast<ElementType>(data_type);
}

// Throws invalid_model unless the tensor's bytes can be counted.
void check_sizes(std::string_view tensor, ElementType type, const Shape& dims) {
  for (int64_t size : dims)
    require(size >= 0, ErrorCode::invalid_model, "tensor '{}': size {} is negative", tensor, size);
  try {
    byte_size(type, element_count(dims));
  } catch (const Error& error) {
    fail(ErrorCode::invalid_model, "tensor '{}': {}", tensor, error.message());
  }
}

// Zero-copy where the bytes stay and are aligned for their type.
Tensor from_raw(ElementType type, const TensorFields& f, TensorSource& source) {
  const size_t expected = byte_size(type, element_count(f.dims));
  require(f.raw.size() == expected, ErrorCode::invalid_model,
          "tensor '{}': {}{} takes {} bytes, raw_data has {}", f.name, name(type),
          to_string(f.dims), expected, f.raw.size());
  const size_t alignment = std::max(1, bit_width(type) / 8);
  const void* data = f.raw.begin();
  if (source.owner() && reinterpret_cast<uintptr_t>(data) % alignment == 0)
    return Tensor(type, f.dims, source.owner(), data);
  return Tensor::copy_of({type, f.dims, data});
}

void check_count(const TensorFields& f, ElementType type, size_t got, size_t expected) {
  require(got == expected, ErrorCode::invalid_model,
          "tensor '{}': {}{} has {} elements, expected {}", f.name, name(type), to_string(f.dims),
          got, expected);
}

// Types of at most 16 bits, of which int32_data holds bit patterns: floats by their pattern,
// packed types one byte an entry.
void store_patterns(const TensorFields& f, ElementType type, Tensor& tensor) {
  const int bits = bit_width(type);
  const size_t entries = bits < 8 ? tensor.bytes() : tensor.elements();
  check_count(f, type, f.integers.size(), entries);
  auto* bytes = tensor.view().as<uint8_t>();
  for (size_t i = 0; i < entries; ++i) {
    const auto pattern = static_cast<uint16_t>(f.integers[i]);
    if (bits == 16)
      std::memcpy(bytes + 2 * i, &pattern, 2);
    else
      bytes[i] = static_cast<uint8_t>(pattern);
  }
}

template <class T>
void store_list(const TensorFields& f, ElementType type, const std::vector<T>& values,
                Tensor& tensor) {
  check_count(f, type, values.size(), tensor.elements());
  store_all<T>(tensor.view(), values);
}

void store_complex(const TensorFields& f, ElementType type, Tensor& tensor) {
  check_count(f, type, f.floats.size(), 2 * tensor.elements());
  for (int64_t i = 0; i < tensor.elements(); ++i)
    store_element<std::complex<double>>(tensor.view(), i, {f.floats[2 * i], f.floats[2 * i + 1]});
}

Tensor from_fields(ElementType type, const TensorFields& f) {
  Tensor tensor(type, f.dims);
  if (type == ElementType::string) {
    check_count(f, type, f.strings.size(), tensor.elements());
    std::copy(f.strings.begin(), f.strings.end(), tensor.view().as<std::string>());
  } else if (is_complex(type)) {
    store_complex(f, type, tensor);
  } else if (type == ElementType::float32 || type == ElementType::float64) {
    store_list(f, type, f.floats, tensor);
  } else if (type == ElementType::uint32 || type == ElementType::uint64) {
    store_list(f, type, f.naturals, tensor);
  } else if (is_floating(type) || bit_width(type) < 8) {
    store_patterns(f, type, tensor);
  } else {
    store_list(f, type, f.integers, tensor);
  }
  return tensor;
}

uint64_t number_entry(const TensorFields& f, const std::string& key, uint64_t otherwise) {
  const auto entry = f.external.find(key);
  if (entry == f.external.end()) return otherwise;
  uint64_t value = 0;
  const std::string& text = entry->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(error == std::errc() && end == text.data() + text.size(), ErrorCode::invalid_model,
          "tensor '{}': external data has {} \"{}\", expected a number of bytes", f.name, key,
          text);
  return value;
}

Tensor from_external(ElementType type, const TensorFields& f, TensorSource& source) {
  const auto location = f.external.find("location");
  require(location != f.external.end(), ErrorCode::invalid_model,
          "tensor '{}': data is external, but no location is given", f.name);
  std::optional<uint64_t> length;
  if (f.external.contains("length")) length = number_entry(f, "length", 0);
  return with_context([&] { return fmt::format("tensor '{}'", f.name); },
                      [&] {
                        return source.external(type, f.dims, location->second,
                                               number_entry(f, "offset", 0), length);
                      });
}

// A name under `folder` that neither is absolute nor climbs out, links followed.
std::string confined_path(const std::string& folder, const std::string& location) {
  namespace fs = std::filesystem;
  require(!folder.empty(), ErrorCode::invalid_model,
          "external data \"{}\" cannot be read for a model that does not come from a file",
          location);
  const fs::path relative(location);
  require(!relative.is_absolute(), ErrorCode::invalid_model,
          "external data \"{}\" is an absolute path; only files in the model's folder are read",
          location);
  const fs::path root = fs::weakly_canonical(folder);
  const fs::path file = fs::weakly_canonical(root / relative);
  const auto [at, rest] = std::mismatch(root.begin(), root.end(), file.begin(), file.end());
  require(at == root.end(), ErrorCode::invalid_model,
          "external data \"{}\" lies outside the model's folder {}", location, root.string());
  return file.string();
}

}  // namespace

Tensor TensorSource::external(ElementType type, Shape shape, const std::string& location,
                              uint64_t offset, std::optional<uint64_t> length) {
  require(bit_width(type) > 0, ErrorCode::invalid_model, "external data of type {}", name(type));
  if (kept_) return kept_(type, shape, location);
  const std::string path = confined_path(folder_, location);
  auto& file = files_[path];
  if (!file) file = std::make_shared<MappedFile>(path);
  const size_t expected = byte_size(type, element_count(shape));
  require(length.value_or(expected) == expected, ErrorCode::invalid_model,
          "{}{} takes {} bytes, its external length is {}", name(type), to_string(shape), expected,
          length.value_or(expected));
  require(offset <= file->size() && expected <= file->size() - offset, ErrorCode::invalid_model,
          "bytes {} to {} of external data {} are outside the file of {} bytes", offset,
          offset + expected, path, file->size());
  const auto* data = reinterpret_cast<const char*>(file->data()) + offset;
  const size_t alignment = std::max(1, bit_width(type) / 8);
  if (reinterpret_cast<uintptr_t>(data) % alignment) return Tensor::copy_of({type, shape, data});
  return Tensor(type, std::move(shape), file, data);
}

OnnxTensor read_tensor(std::string_view message, TensorSource& source) {
  const TensorFields f = read_fields(message);
  const ElementType type = element_type_of(f.data_type, f.name);
  check_sizes(f.name, type, f.dims);
  if (f.is_external) return {f.name, from_external(type, f, source)};
  if (f.has_raw && type != ElementType::string) return {f.name, from_raw(type, f, source)};
  // Refuse before allocating what the message cannot hold.
  const size_t given = f.floats.size() + f.integers.size() + f.naturals.size() + f.strings.size();
  require(element_count(f.dims) <= static_cast<int64_t>(8 * given + 8), ErrorCode::invalid_model,
          "tensor '{}': {}{} has only {} values", f.name, name(type), to_string(f.dims), given);
  return {f.name, from_fields(type, f)};
}

OnnxTensor read_sparse_tensor(std::string_view message, TensorSource& source) {
  OnnxTensor values, indices;
  Shape dims;
  WireReader reader(message.data(), message.size());
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        values = read_tensor(to_view(reader.get_view()), source);
        break;
      case 2:
        indices = read_tensor(to_view(reader.get_view()), source);
        break;
      case 3:
        append_varints(reader, dims);
        break;
      default:
        reader.skip();
    }
  }
  require(bool(values.tensor) && bool(indices.tensor), ErrorCode::invalid_model,
          "sparse tensor '{}' lacks values or indices", values.name);
  check_sizes(values.name, values.tensor.type(), dims);
  const int64_t total = element_count(dims);
  require(total <= int64_t{1} << 34, ErrorCode::unsupported,
          "sparse tensor '{}' has {} elements when dense; more than 2^34 are not expanded",
          values.name, total);
  Tensor dense(values.tensor.type(), dims);
  const std::vector<int64_t> places = load_integers(indices.tensor.view(), "sparse indices");
  const int64_t count = values.tensor.elements();
  const bool linear = indices.tensor.shape().size() == 1;
  require(static_cast<int64_t>(places.size()) ==
              count * (linear ? 1 : static_cast<int64_t>(dims.size())),
          ErrorCode::invalid_model, "sparse tensor '{}': {} values, {} indices for shape {}",
          values.name, count, places.size(), to_string(dims));
  const int64_t rank = static_cast<int64_t>(dims.size());
  for (int64_t i = 0; i < count; ++i) {
    int64_t place = linear ? places[i] : 0;
    for (int64_t d = 0; !linear && d < rank; ++d) {
      const int64_t at = places[i * rank + d];
      require(at >= 0 && at < dims[d], ErrorCode::invalid_model,
              "sparse tensor '{}': index {} is outside dimension {} of {}", values.name, at, d,
              to_string(dims));
      place = place * dims[d] + at;
    }
    require(place >= 0 && place < total, ErrorCode::invalid_model,
            "sparse tensor '{}': index {} is outside {}", values.name, place, to_string(dims));
    dispatch_wide(dense.type(), [&]<class T>() {
      store_element<T>(dense.view(), place, load_element<T>(values.tensor.view(), i));
    });
  }
  return {values.name, std::move(dense)};
}

}  // namespace cermet::onnx
