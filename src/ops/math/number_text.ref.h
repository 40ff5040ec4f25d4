// Numbers as text, for casts from and to strings.
#pragma once

#include <string>
#include <string_view>

#include "cermet/tensor.h"

namespace cermet {

// The shortest decimal that reads back as the same element, as Python writes it: "1.5", "100.0",
// "1e-05", "nan", "-inf"; integers plainly, booleans "True" and "False".
std::string number_to_text(const ConstTensorView& view, int64_t index);

// What a text says. Integers are exact; INF, +INF, -INF and NAN in any case are floats.
struct ParsedNumber {
  enum class Kind : uint8_t { real, integer, natural };

  Kind kind = Kind::real;
  double real = 0;
  int64_t integer = 0;   // kind integer
  uint64_t natural = 0;  // kind natural: too large for int64
};
// Blanks around are ignored. Throws runtime quoting the text when it is no number.
ParsedNumber parse_number(std::string_view text);

}  // namespace cermet
