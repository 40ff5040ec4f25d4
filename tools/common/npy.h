// Tensors as NumPy's .npy files.
//
// Types that NumPy lacks go by their bits: bfloat16 as dtype V2, the 8-bit floats as V1, and the
// 2- and 4-bit types as V1 with one element a byte; this is how the ml_dtypes package stores them.
#pragma once

#include <string>
#include <string_view>

#include "cermet/tensor.h"

namespace cermet::tools {

// `wanted` is the type that the tensor is for, or undefined; it says what raw bits (V1, V2, and
// integers as wide) mean. Any other array keeps its own type. Throws invalid_argument for a damaged
// file or a dtype that is no ONNX type.
Tensor parse_npy(std::string_view file, ElementType wanted = ElementType::undefined);

std::string npy_text(const ConstTensorView& tensor);

}  // namespace cermet::tools
