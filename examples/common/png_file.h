#pragma once

#include <string>

#include "canvas.h"

namespace examples {

// Throws std::runtime_error naming the file.
void write_png(const std::string& path, const Canvas& picture);

}  // namespace examples
