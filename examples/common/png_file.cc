#include "png_file.h"

#include <png.h>

#include <stdexcept>

namespace examples {

void write_png(const std::string& path, const Canvas& picture) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.width());
  image.height = static_cast<png_uint_32>(picture.height());
  image.format = PNG_FORMAT_RGB;
  if (!png_image_write_to_file(&image, path.c_str(), 0, picture.row(0), 0, nullptr))
    throw std::runtime_error(path + ": " + image.message);
}

}  // namespace examples
