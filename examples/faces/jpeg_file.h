#pragma once

#include <string>

#include "../common/canvas.h"

namespace examples {

// Both throw std::runtime_error naming the file.
Canvas read_jpeg(const std::string& path);
void write_jpeg(const std::string& path, const Canvas& picture);

}  // namespace examples
