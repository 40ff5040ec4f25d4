// Which operators have a form in 16 bits.
#pragma once

#include <cstdint>
#include <string_view>

namespace cermet {

enum class NarrowForm : uint8_t {
  none,     // stays in float32
  product,  // what 16 bits are for: its operands are rounded to them
  follows,  // in 16 bits where an operand is, and operands are wanted so where its result is
  reduces,  // likewise, but its operands are not wanted so: squares are sums' to hold
};

struct NarrowOperator {
  std::string_view op;  // ONNX's own
  NarrowForm form = NarrowForm::none;
  uint32_t inputs = ~0U;   // bit i: input i is in 16 bits too; others stay as they are
  uint32_t saturated = 0;  // bit i: numbers beyond the type's range stand for infinity there
};

// With form none for what the table does not hold.
const NarrowOperator& narrow_operator(std::string_view domain, std::string_view op);

}  // namespace cermet
