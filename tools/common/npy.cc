#include "common/npy.h"

#include <algorithm>
#include <cstring>

#include "common/errors.h"
#include "common/npy_header.h"
#include "common/utf8.h"

namespace cermet::tools {
namespace {

struct Dtype {
  ElementType type;
  char kind;
  size_t item_size;
};
constexpr Dtype dtypes[] = {
    {ElementType::boolean, 'b', 1},   {ElementType::int8, 'i', 1},
    {ElementType::int16, 'i', 2},     {ElementType::int32, 'i', 4},
    {ElementType::int64, 'i', 8},     {ElementType::uint8, 'u', 1},
    {ElementType::uint16, 'u', 2},    {ElementType::uint32, 'u', 4},
    {ElementType::uint64, 'u', 8},    {ElementType::float16, 'f', 2},
    {ElementType::float32, 'f', 4},   {ElementType::float64, 'f', 8},
    {ElementType::complex64, 'c', 8}, {ElementType::complex128, 'c', 16},
};

const Dtype* dtype_of(ElementType type) {
  const auto found =
      std::find_if(std::begin(dtypes), std::end(dtypes), [&](auto& d) { return d.type == type; });
  return found == std::end(dtypes) ? nullptr : found;
}

// A type without a dtype of its own, which files hold by its bits.
bool goes_by_bits(ElementType type) { return bit_width(type) > 0 && dtype_of(type) == nullptr; }
size_t bytes_in_file(ElementType type) { return std::max(1, bit_width(type) / 8); }

ElementType type_of(const NpyHeader& header, ElementType wanted) {
  if (header.kind == 'S' || header.kind == 'U') return ElementType::string;
  const bool bits = header.kind == 'V' || header.kind == 'u' || header.kind == 'i';
  if (bits && goes_by_bits(wanted) && bytes_in_file(wanted) == header.item_size) return wanted;
  for (const Dtype& dtype : dtypes)
    if (dtype.kind == header.kind && dtype.item_size == header.item_size) return dtype.type;
  fail(ErrorCode::invalid_argument, "dtype '{}{}' of the .npy file is no ONNX element type{}",
       header.kind, header.item_size,
       wanted == ElementType::undefined ? "" : fmt::format("; {} is expected", name(wanted)));
}

// Calls use(i, j) for each element: its index in C order and in Fortran order.
template <class Use>
void for_each_place(const Shape& shape, Use&& use) {
  const int64_t count = element_count(shape);
  Shape strides(shape.size(), 1);
  for (size_t d = 1; d < shape.size(); ++d) strides[d] = strides[d - 1] * shape[d - 1];
  Shape index(shape.size(), 0);
  for (int64_t i = 0, source = 0; i < count; ++i) {
    use(i, source);
    for (size_t d = shape.size(); d-- > 0;) {
      source += strides[d];
      if (++index[d] < shape[d]) break;
      source -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
}

std::string to_c_order(std::string_view data, const NpyHeader& header) {
  std::string ordered(data.size(), '\0');
  for_each_place(header.shape, [&](int64_t i, int64_t source) {
    std::memcpy(ordered.data() + i * header.item_size, data.data() + source * header.item_size,
                header.item_size);
  });
  return ordered;
}

// Texts are filled with zeros up to the item's size.
std::string text_item(std::string_view item, char kind) {
  if (kind == 'U') return utf8_from_utf32(item);
  const size_t end = item.find_last_not_of('\0');
  return std::string(item.substr(0, end == std::string_view::npos ? 0 : end + 1));
}

Tensor parse_texts(std::string_view data, const NpyHeader& header) {
  Tensor tensor(ElementType::string, header.shape);
  auto* texts = tensor.view().as<std::string>();
  for (int64_t i = 0; i < tensor.elements(); ++i)
    texts[i] = text_item(data.substr(i * header.item_size, header.item_size), header.kind);
  return tensor;
}

// Elements narrower than a byte: one a byte in the file, packed low bits first in the tensor.
Tensor pack(std::string_view data, ElementType type, const Shape& shape) {
  Tensor tensor(type, shape);
  auto* bytes = tensor.view().as<uint8_t>();
  const int bits = bit_width(type);
  const int per_byte = 8 / bits;
  for (size_t i = 0; i < data.size(); ++i) {
    const int value = static_cast<uint8_t>(data[i]) & ((1 << bits) - 1);
    bytes[i / per_byte] |= static_cast<uint8_t>(value << (i % per_byte * bits));
  }
  return tensor;
}

std::string unpack(const ConstTensorView& tensor) {
  std::string items(tensor.elements(), '\0');
  const int bits = bit_width(tensor.type);
  const int per_byte = 8 / bits;
  const bool is_signed = is_signed_integer(tensor.type);
  for (size_t i = 0; i < items.size(); ++i) {
    int value = tensor.as<uint8_t>()[i / per_byte] >> (i % per_byte * bits) & ((1 << bits) - 1);
    if (is_signed && value >> (bits - 1)) value -= 1 << bits;
    items[i] = static_cast<char>(value);
  }
  return items;
}

std::string npy_texts(const ConstTensorView& tensor) {
  const int64_t count = tensor.elements();
  std::vector<std::string> items;
  size_t longest = 4;
  for (int64_t i = 0; i < count; ++i) {
    items.push_back(utf32_from_utf8(tensor.as<std::string>()[i]));
    longest = std::max(longest, items.back().size());
  }
  std::string file = npy_header_text(fmt::format("<U{}", longest / 4), tensor.shape);
  for (std::string& item : items) {
    item.resize(longest, '\0');
    file += item;
  }
  return file;
}

}  // namespace

Tensor parse_npy(std::string_view file, ElementType wanted) {
  const NpyHeader header = parse_npy_header(file);
  const ElementType type = type_of(header, wanted);
  const auto count = static_cast<size_t>(element_count(header.shape));
  std::string_view data = file.substr(header.data_offset);
  require(header.item_size == 0 || count <= data.size() / header.item_size,
          ErrorCode::invalid_argument,
          "the .npy file ends early: shape {} takes {} elements of {} bytes, there are {} bytes",
          to_string(header.shape), count, header.item_size, data.size());
  data = data.substr(0, count * header.item_size);
  std::string ordered;
  if (header.fortran_order && header.shape.size() > 1) data = ordered = to_c_order(data, header);
  if (type == ElementType::string) return parse_texts(data, header);
  if (bit_width(type) < 8) return pack(data, type, header.shape);
  const void* const bytes = data.data();
  return Tensor::copy_of({type, header.shape, bytes});
}

std::string npy_text(const ConstTensorView& tensor) {
  if (tensor.type == ElementType::string) return npy_texts(tensor);
  if (goes_by_bits(tensor.type)) {
    const size_t bytes = bytes_in_file(tensor.type);
    std::string file =
        npy_header_text(fmt::format("{}V{}", bytes > 1 ? '<' : '|', bytes), tensor.shape);
    if (bit_width(tensor.type) < 8) return file + unpack(tensor);
    return file.append(static_cast<const char*>(tensor.data), tensor.bytes());
  }
  const Dtype* dtype = dtype_of(tensor.type);
  require(dtype != nullptr, ErrorCode::invalid_argument, "a tensor of type {} has no .npy form",
          name(tensor.type));
  std::string file = npy_header_text(
      fmt::format("{}{}{}", dtype->item_size > 1 ? '<' : '|', dtype->kind, dtype->item_size),
      tensor.shape);
  if (tensor.elements() > 0) file.append(static_cast<const char*>(tensor.data), tensor.bytes());
  return file;
}

}  // namespace cermet::tools
