// One TensorProto.
#pragma once

#include <string_view>

#include "cermet/tensor.h"

namespace cermet::tools {

// Takes raw_data as well as the typed lists. Throws invalid_argument.
Tensor parse_tensor(std::string_view message);

}  // namespace cermet::tools
