// Values as ONNX writes them for tests: TensorProto, SequenceProto, OptionalProto.
#pragma once

#include <string>
#include <string_view>

#include "cermet/engine.h"
#include "cermet/tensor.h"

namespace cermet::tools {

// The message does not say which of the three it is: `expected` does, and gives empty sequences and
// optionals their element type. Throws invalid_argument for a damaged message, and for tensors
// whose data lie in another file.
Value parse_value(std::string_view message, const TensorInfo& expected);

std::string value_message(const Value& value, std::string_view name);
std::string tensor_message(const ConstTensorView& tensor, std::string_view name);

}  // namespace cermet::tools
