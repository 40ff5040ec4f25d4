// The type of a value: tensor, sequence or optional, with symbolic shape.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cermet/tensor.h"
#include "expr/dim.h"

namespace cermet {

struct ValueType {
  Value::Kind kind = Value::Kind::tensor;
  ElementType element = ElementType::undefined;  // of the innermost tensors
  std::optional<Dims> dims;                      // tensor: nothing when the rank is unknown
  std::shared_ptr<const ValueType> inner;        // sequence, optional: what they hold

  static ValueType tensor(ElementType element, std::optional<Dims> dims);
  static ValueType sequence(ValueType inner);
  static ValueType optional(ValueType inner);

  bool is_tensor() const { return kind == Value::Kind::tensor; }
  bool has_rank() const { return is_tensor() && dims.has_value(); }
  int rank() const { return static_cast<int>(dims->size()); }  // requires has_rank
  bool is_static() const { return has_rank() && all_constant(*dims); }

  bool operator==(const ValueType& other) const;
  // "float32[N, 3, 224, 224]", "int64[?]" (rank unknown), "sequence(float32[...])"
  std::string to_string() const;
};

}  // namespace cermet
