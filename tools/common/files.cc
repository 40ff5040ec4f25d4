#include "common/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

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

// Whether the path still names the open file.
bool is_at(int file, const std::string& path) {
  struct stat mine, there;
  return fstat(file, &mine) == 0 && stat(path.c_str(), &there) == 0 &&
         mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

// Opens PATH.tmp, which all who write `path` share: whoever is killed leaves one file at most. It
// is locked until it is closed, so that writers take turns. Errors name `path`, which the user
// knows.
int open_part(const std::string& part, const std::string& path) {
  while (true) {
    Descriptor file{open(part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666)};
    if (file.number < 0) fail_io("write", path, errno);
    while (flock(file.number, LOCK_EX) != 0 && errno == EINTR) {
    }
    if (!is_at(file.number, part)) continue;
    if (ftruncate(file.number, 0) != 0) fail_io("write", path, errno);
    return std::exchange(file.number, -1);
  }
}

void write_in_place(const std::string& path, std::string_view contents) {
  const Descriptor file{open(path.c_str(), O_WRONLY | O_CLOEXEC)};
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
  // A pipe or device such as /dev/stdout.
  if (is_special(path)) return write_in_place(path, contents);
  const std::string part = path + ".tmp";
  const Descriptor file{open_part(part, path)};
  try {
    write_all(file.number, contents, path);
    if (std::rename(part.c_str(), path.c_str()) != 0) fail_io("write", path, errno);
  } catch (...) {
    unlink(part.c_str());
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
