#include "cermet/tensor.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "cermet/allocator.h"

namespace cermet {
namespace {

constexpr size_t tensor_alignment = 64;

std::shared_ptr<void> allocate_strings(int64_t count) {
  return std::shared_ptr<void>(new std::string[count],
                               [](void* data) { delete[] static_cast<std::string*>(data); });
}

std::shared_ptr<void> allocate_bytes(size_t bytes) {
  void* memory = default_allocator().allocate(bytes, tensor_alignment);
  return std::shared_ptr<void>(memory, [bytes](void* data) {
    default_allocator().deallocate(data, bytes, tensor_alignment);
  });
}

std::shared_ptr<void> allocate_elements(ElementType type, const Shape& shape) {
  const int64_t count = element_count(shape);
  const size_t bytes = byte_size(type, count);
  try {
    return type == ElementType::string ? allocate_strings(count) : allocate_bytes(bytes);
  } catch (const std::bad_alloc&) {
    fail(ErrorCode::out_of_memory, "no memory for the {} bytes of a tensor {}{}", bytes, name(type),
         to_string(shape));
  } catch (Error& error) {
    error.add_context(fmt::format("allocating a tensor {}{}", name(type), to_string(shape)));
    throw;
  }
}

}  // namespace

int64_t element_count(const Shape& shape) {
  bool empty = false;
  for (const int64_t size : shape) {
    if (size < 0)
      fail(ErrorCode::out_of_range, "shape {}: expected sizes of 0 or more, got {}",
           to_string(shape), size);
    empty |= size == 0;
  }
  if (empty) return 0;
  int64_t count = 1;
  for (const int64_t size : shape)
    if (__builtin_mul_overflow(count, size, &count))
      fail(ErrorCode::out_of_range, "shape {}: the number of elements exceeds 64 bits",
           to_string(shape));
  return count;
}

size_t byte_size(ElementType type, int64_t elements) {
  require(elements >= 0, ErrorCode::out_of_range, "expected 0 or more elements, got {}", elements);
  const auto count = static_cast<size_t>(elements);
  const int bits = bit_width(type);
  if (bits != 0 && bits < 8) {
    const size_t per_byte = 8 / static_cast<size_t>(bits);
    return count / per_byte + (count % per_byte != 0);
  }
  const size_t width = type == ElementType::string ? sizeof(std::string) : bits / 8;
  size_t bytes = 0;
  // Addresses are differences of signed pointers, so half of the range is the limit.
  require(!__builtin_mul_overflow(count, width, &bytes) &&
              bytes <= static_cast<size_t>(std::numeric_limits<ptrdiff_t>::max()),
          ErrorCode::out_of_range, "{} elements of type {} exceed the address space", elements,
          name(type));
  return bytes;
}

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

Tensor::Tensor(ElementType type, Shape shape)
    : type_(type), shape_(std::move(shape)), owner_(allocate_elements(type, shape_)) {
  data_ = owner_.get();
  if (type != ElementType::string) std::memset(owner_.get(), 0, bytes());
}

Tensor::Tensor(ElementType type, Shape shape, std::shared_ptr<void> owner, const void* data)
    : type_(type), shape_(std::move(shape)), owner_(std::move(owner)), data_(data) {}

Tensor Tensor::copy_of(const ConstTensorView& source) {
  Tensor copy;
  copy.type_ = source.type;
  copy.shape_ = source.shape;
  copy.owner_ = allocate_elements(source.type, source.shape);
  copy.data_ = copy.owner_.get();
  if (source.type == ElementType::string)
    std::copy_n(source.as<std::string>(), source.elements(),
                static_cast<std::string*>(copy.owner_.get()));
  else if (const size_t bytes = source.bytes(); bytes != 0)
    std::memcpy(copy.owner_.get(), source.data, bytes);
  return copy;
}

Tensor Tensor::reshaped(Shape shape) const {
  require(element_count(shape) == elements(), ErrorCode::invalid_argument,
          "a tensor of shape {} has {} elements and can't take the shape {} of {}",
          to_string(shape_), elements(), to_string(shape), element_count(shape));
  return Tensor(type_, std::move(shape), owner_, data_);
}

Value Value::sequence(std::vector<Value> elements, ElementType type) {
  Value value;
  value.kind = Kind::sequence;
  value.elements = std::move(elements);
  value.element_type = type;
  return value;
}

Value Value::some(Value held) {
  Value value;
  value.kind = Kind::optional;
  value.element_type = held.element_type;
  value.elements.push_back(std::move(held));
  return value;
}

Value Value::none(ElementType type) {
  Value value;
  value.kind = Kind::optional;
  value.element_type = type;
  return value;
}

}  // namespace cermet
