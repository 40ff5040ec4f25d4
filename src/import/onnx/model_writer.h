// The way back: a model that was read as the bytes of an ONNX file.
#pragma once

#include <functional>
#include <string>

#include "import/onnx/onnx_model.h"

namespace cermet::onnx {

// Says under which name a tensor's data are kept outside of the model; empty: they go into it.
using TensorKeeper = std::function<std::string(const Tensor&)>;

// What read_model(bytes, ...) makes the same model of: names, types and values. What no reader
// looks at (documentation, metadata) was lost when it was read. Strings always go into it.
std::string write_model(const OnnxModel& model, const TensorKeeper& keep);

}  // namespace cermet::onnx
