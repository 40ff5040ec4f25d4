// Tensors as users and kernels see them: row-major and contiguous, elements narrower than a byte
// packed low bits first (as ONNX packs them), strings as an array of std::string.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cermet/element_type.h"

namespace cermet {

// Concrete sizes, outermost dimension first; empty for a scalar.
using Shape = std::vector<int64_t>;

// Number of elements. Throws out_of_range when a size is negative or the product exceeds int64.
int64_t element_count(const Shape& shape);

// Bytes of a tensor of that many elements (packed types round up to a byte; strings count
// sizeof(std::string)). Throws out_of_range on overflow.
size_t byte_size(ElementType type, int64_t elements);

// "[1, 3, 224, 224]"
std::string to_string(const Shape& shape);

// Memory of somebody else that is read. Valid as long as its owner keeps the memory.
struct ConstTensorView {
  ElementType type = ElementType::undefined;
  Shape shape;
  const void* data = nullptr;

  int64_t elements() const { return element_count(shape); }
  size_t bytes() const { return byte_size(type, elements()); }
  // The elements as T, which the caller knows to be the type's C++ form; nothing is checked.
  template <class T>
  const T* as() const {
    return static_cast<const T*>(data);
  }
};

// Memory of somebody else that is written.
struct TensorView {
  ElementType type = ElementType::undefined;
  Shape shape;
  void* data = nullptr;

  int64_t elements() const { return element_count(shape); }
  size_t bytes() const { return byte_size(type, elements()); }
  template <class T>  // likewise
  T* as() const {
    return static_cast<T*>(data);
  }
  operator ConstTensorView() const { return {type, shape, data}; }
};

// A tensor that owns its memory, aligned to 64 bytes. Copies share the memory; whoever writes
// through `view` must be the only owner, or mean to change all copies.
class Tensor {
 public:
  Tensor() = default;
  // Zeroed (empty strings for string tensors). Throws out_of_memory naming the bytes asked for.
  Tensor(ElementType type, Shape shape);
  // Uses `data`, byte_size() bytes that `owner` keeps alive, without copying.
  Tensor(ElementType type, Shape shape, std::shared_ptr<void> owner, const void* data);

  // Copies values that are the elements as the type stores them, row-major: as many as the shape
  // has elements, which is not checked.
  template <class T>
  static Tensor from(ElementType type, Shape shape, const std::vector<T>& values) {
    return copy_of({type, std::move(shape), values.data()});
  }
  // Owns its memory, whoever owned the source's. Throws out_of_memory.
  static Tensor copy_of(const ConstTensorView& source);

  ElementType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  int64_t elements() const { return element_count(shape_); }
  size_t bytes() const { return byte_size(type_, elements()); }
  const void* data() const { return data_; }
  // False for a tensor that was made without a type.
  explicit operator bool() const { return type_ != ElementType::undefined; }

  // Valid as long as a copy of this tensor is.
  TensorView view() { return {type_, shape_, const_cast<void*>(data_)}; }
  ConstTensorView view() const { return {type_, shape_, data_}; }
  // The same memory under another shape of as many elements; throws invalid_argument for others.
  Tensor reshaped(Shape shape) const;

  template <class T>
  const T* as() const {
    return static_cast<const T*>(data_);
  }

 private:
  ElementType type_ = ElementType::undefined;
  Shape shape_;
  std::shared_ptr<void> owner_;
  const void* data_ = nullptr;
};

// What an ONNX value holds at run time.
struct Value {
  enum class Kind : uint8_t { tensor, sequence, optional };

  Kind kind = Kind::tensor;
  Tensor tensor;                // kind tensor
  std::vector<Value> elements;  // kind sequence: its elements; kind optional: none or one
  // The element type of a sequence or optional that may be empty; undefined when unknown.
  ElementType element_type = ElementType::undefined;

  Value() = default;
  Value(Tensor t) : tensor(std::move(t)) { element_type = tensor.type(); }
  // A sequence; `type` is that of the elements, which counts when there are none.
  static Value sequence(std::vector<Value> elements, ElementType type);
  static Value some(Value value);       // an optional that holds the value
  static Value none(ElementType type);  // an optional that holds nothing
};

}  // namespace cermet
