#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/error.h"
#include "base/file_handle.h"

namespace cermet {
namespace {

int to_madvise(Access access) {
  switch (access) {
    case Access::sequential:
      return MADV_SEQUENTIAL;
    case Access::random:
      return MADV_RANDOM;
    case Access::soon:
      return MADV_WILLNEED;
    case Access::normal:
      return MADV_NORMAL;
  }
  return MADV_NORMAL;
}

}  // namespace

MappedFile::MappedFile(std::string path) : path_(std::move(path)) {
  const FileHandle file("open", path_, O_RDONLY);
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) fail_file("read the size of", path_, errno);
  if (S_ISDIR(status.st_mode)) fail_file("map", path_, EISDIR);
  require(S_ISREG(status.st_mode), ErrorCode::io,
          "cannot map {}: expected a regular file; copy its contents to one", path_);
  size_ = static_cast<size_t>(status.st_size);
  if (size_ == 0) return;
  void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (memory == MAP_FAILED) fail_file("map", path_, errno);
  data_ = static_cast<const std::byte*>(memory);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::swap(MappedFile& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
}

void MappedFile::advise(Access access, size_t offset, size_t count) const noexcept {
  if (offset >= size_) return;
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t begin = offset / page * page;
  const size_t end = offset + std::min(count, size_ - offset);
  ::madvise(const_cast<std::byte*>(data_) + begin, end - begin, to_madvise(access));
}

std::string read_file(const std::string& path) {
  const FileHandle file("open", path, O_RDONLY);
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) fail_file("read the size of", path, errno);
  std::string contents;
  // One byte more than the size, so that the end is met without a second allocation; files without
  // a size (pipes) grow by pieces.
  constexpr size_t least_piece = 1 << 16;
  size_t used = 0;
  contents.resize(std::max(static_cast<size_t>(status.st_size) + 1, least_piece));
  while (true) {
    if (used == contents.size()) contents.resize(contents.size() * 2);
    const ssize_t got = ::read(file.get(), contents.data() + used, contents.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_file("read", path, errno);
    if (got == 0) break;
    used += static_cast<size_t>(got);
  }
  contents.resize(used);
  return contents;
}

}  // namespace cermet
