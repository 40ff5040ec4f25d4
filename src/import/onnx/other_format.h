// Files that are no ONNX models: what they are instead.
#pragma once

#include <string_view>

namespace cermet::onnx {

// Throws invalid_model naming the format where the bytes, which could not be read as a model, begin
// as files of another kind do.
void require_no_other_format(std::string_view bytes);

}  // namespace cermet::onnx
