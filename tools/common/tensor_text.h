// Single elements and whole values for people.
#pragma once

#include <string>

#include "cermet/tensor.h"

namespace cermet::tools {

// "0.25", "-3", "true", "(1, 2)", "'text'".
std::string element_text(const ConstTensorView& tensor, int64_t index);
// The first few elements, separated by spaces.
std::string first_elements(const ConstTensorView& tensor, int64_t most = 4);
// "float32 1x10", "sequence of 3", "optional, empty".
std::string value_summary(const Value& value);

}  // namespace cermet::tools
