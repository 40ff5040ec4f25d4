#include "common/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "common/errors.h"

namespace cermet::tools {
namespace {

[[noreturn]] void fail_io(const char* what, const std::string& path, int reason) {
  fail(ErrorCode::io, "cannot {} '{}': {}", what, path, std::strerror(reason));
}

struct Descriptor {
  ~Descriptor() {
    if (number >= 0) close(number);
  }
  int number = -1;
};

void write_all(int file, std::string_view contents, const std::string& path) {
  while (!contents.empty()) {
    const ssize_t count = write(file, contents.data(), contents.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_io("write", path, errno);
    contents.remove_prefix(static_cast<size_t>(count));
  }
}

// Errors name `path`, which the user knows.
void write_new(const std::string& target, const std::string& path, std::string_view contents) {
  const Descriptor file{open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
  if (file.number < 0) fail_io("write", path, errno);
  write_all(file.number, contents, path);
}

bool is_special(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

}  // namespace

std::string read_file(const std::string& path) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.number < 0) fail_io("open", path, errno);
  struct stat status;
  if (fstat(file.number, &status) != 0) fail_io("read", path, errno);
  std::string contents;
  contents.resize(S_ISREG(status.st_mode) ? static_cast<size_t>(status.st_size) + 1 : 1 << 16);
  for (size_t at = 0;;) {
    if (at == contents.size()) contents.resize(2 * at);
    const ssize_t count = read(file.number, contents.data() + at, contents.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_io("read", path, errno);
    at += static_cast<size_t>(count);
    if (count > 0) continue;
    contents.resize(at);
    return contents;
  }
}

void write_file(const std::string& path, std::string_view contents) {
  // A pipe or device such as /dev/stdout is written in place.
  const bool in_place = is_special(path);
  const std::string target = in_place ? path : fmt::format("{}.{}.part", path, getpid());
  try {
    write_new(target, path, contents);
    if (!in_place && std::rename(target.c_str(), path.c_str()) != 0) fail_io("write", path, errno);
  } catch (...) {
    if (!in_place) unlink(target.c_str());
    throw;
  }
}

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) fail(ErrorCode::io, "cannot make the folder '{}': {}", path, error.message());
}

bool file_exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

}  // namespace cermet::tools
