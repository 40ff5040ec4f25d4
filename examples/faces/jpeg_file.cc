#include "jpeg_file.h"

#include <turbojpeg.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <vector>

namespace examples {
namespace {

using Handle = std::unique_ptr<void, decltype(&tjDestroy)>;

void require(bool done, const std::string& path, void* handle) {
  if (!done) throw std::runtime_error(path + ": " + tjGetErrorStr2(handle));
}

}  // namespace

Canvas read_jpeg(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": can't be opened");
  const std::vector<unsigned char> bytes(std::istreambuf_iterator<char>(file), {});
  const Handle handle(tjInitDecompress(), tjDestroy);
  int width = 0, height = 0, sampling = 0, space = 0;
  require(tjDecompressHeader3(handle.get(), bytes.data(), bytes.size(), &width, &height, &sampling,
                              &space) == 0,
          path, handle.get());
  Canvas picture(width, height);
  require(tjDecompress2(handle.get(), bytes.data(), bytes.size(), picture.row(0), width, 0, height,
                        TJPF_RGB, 0) == 0,
          path, handle.get());
  return picture;
}

void write_jpeg(const std::string& path, const Canvas& picture) {
  const Handle handle(tjInitCompress(), tjDestroy);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  const bool done = tjCompress2(handle.get(), picture.row(0), picture.width(), 0, picture.height(),
                                TJPF_RGB, &bytes, &size, TJSAMP_444, 90, 0) == 0;
  const std::unique_ptr<unsigned char, decltype(&tjFree)> owner(bytes, tjFree);
  require(done, path, handle.get());
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes), static_cast<std::streamsize>(size));
  file.close();
  if (!file) throw std::runtime_error(path + ": can't be written");
}

}  // namespace examples
