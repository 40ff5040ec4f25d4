#include "npy.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace examples {
namespace {

// "(360, 1, 8, 8)" of the header, which is a Python dictionary as text.
cermet::Shape shape_of(const std::string& header) {
  cermet::Shape shape;
  const char* at = header.c_str() + header.find('(', header.find("'shape'")) + 1;
  while (*at != ')' && *at != '\0') {
    char* end = nullptr;
    const int64_t size = std::strtoll(at, &end, 10);
    if (end != at) shape.push_back(size);
    at = end == at ? at + 1 : end;
  }
  return shape;
}

}  // namespace

cermet::Tensor read_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  // Magic and version 1.0, the header's length in two bytes, the header, the elements.
  unsigned char start[10] = {};
  file.read(reinterpret_cast<char*>(start), sizeof(start));
  if (!file || std::string(start, start + 7) != "\x93NUMPY\x01")
    throw std::runtime_error(path + ": expected a NumPy file of version 1");
  std::string header(start[8] + size_t{256} * start[9], ' ');
  file.read(header.data(), static_cast<std::streamsize>(header.size()));
  const bool floats = header.find("'<f4'") != std::string::npos;
  if (!floats && header.find("'<i8'") == std::string::npos)
    throw std::runtime_error(path + ": expected float32 or int64, got " + header);
  cermet::Tensor tensor(floats ? cermet::ElementType::float32 : cermet::ElementType::int64,
                        shape_of(header));
  file.read(static_cast<char*>(tensor.view().data), static_cast<std::streamsize>(tensor.bytes()));
  if (!file) throw std::runtime_error(path + ": the file ends before its elements do");
  return tensor;
}

}  // namespace examples
