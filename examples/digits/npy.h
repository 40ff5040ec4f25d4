#pragma once

#include <string>

#include "cermet/tensor.h"

namespace examples {

// A row-major array of float32 or int64 from a NumPy file. Throws std::runtime_error naming the
// file.
cermet::Tensor read_npy(const std::string& path);

}  // namespace examples
