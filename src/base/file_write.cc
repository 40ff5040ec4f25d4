#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/error.h"
#include "base/file.h"
#include "base/file_handle.h"

namespace cermet {
namespace {

void write_all(int descriptor, std::span<const std::byte> piece, const std::string& target) {
  // Linux writes at most 2 GiB at once.
  constexpr size_t most_at_once = size_t{1} << 30;
  while (!piece.empty()) {
    const ssize_t done = ::write(descriptor, piece.data(), std::min(piece.size(), most_at_once));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail_file("write", target, errno);
    piece = piece.subspan(static_cast<size_t>(done));
  }
}

// The temporary file beside the target; removed again unless it was renamed. Its name is the same
// for all who write the target, so that processes which are killed leave one such file at most; a
// lock makes writers take turns.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& target)
      : target_(target), path_(target + ".tmp"), file_(create(path_)) {
    take_mode();
  }
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::span<const std::byte> piece) { write_all(file_.get(), piece, target_); }

  void rename_to_target() {
    if (::fsync(file_.get()) != 0) fail_file("flush", target_, errno);
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail_file("replace", target_, errno);
    path_.clear();
    if (const int error = file_.close(); error != 0) fail_file("write", target_, error);
  }

 private:
  // Empty, and locked until it is closed.
  static int create(const std::string& path) {
    while (true) {
      FileHandle file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
      if (file.get() < 0) fail_file("create", path, errno);
      lock(file.get());
      if (!is_at(file.get(), path)) continue;
      if (::ftruncate(file.get(), 0) != 0) fail_file("write", path, errno);
      return file.release();
    }
  }

  // Of the file that is replaced. Not every file system has modes.
  void take_mode() const {
    struct stat old = {};
    if (::stat(target_.c_str(), &old) == 0) (void)::fchmod(file_.get(), old.st_mode & 07777);
  }

  // File systems without locks leave it to the callers to take turns.
  static void lock(int descriptor) {
    while (::flock(descriptor, LOCK_EX) != 0 && errno == EINTR) {
    }
  }

  // Whoever had the lock before may have renamed or removed the file meanwhile.
  static bool is_at(int descriptor, const std::string& path) {
    struct stat mine = {}, there = {};
    return ::fstat(descriptor, &mine) == 0 && ::stat(path.c_str(), &there) == 0 &&
           mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
  }

  const std::string& target_;
  std::string path_;
  FileHandle file_;
};

// Pipes and devices, /dev/stdout among them.
bool is_written_in_place(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

// Makes the rename itself last. Not every file system can; the contents are safe by then.
void flush_folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const FileHandle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.get() >= 0) (void)::fsync(handle.get());
}

}  // namespace

bool may_write_into(const std::string& folder) {
  return ::access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) == 0;
}

void write_file_atomically(const std::string& path,
                           std::span<const std::span<const std::byte>> pieces) {
  if (is_written_in_place(path)) {
    const FileHandle file("open", path, O_WRONLY);
    for (const auto piece : pieces) write_all(file.get(), piece, path);
    return;
  }
  TemporaryFile file(path);
  for (const auto piece : pieces) file.write(piece);
  file.rename_to_target();
  flush_folder_of(path);
}

void write_file_atomically(const std::string& path, std::string_view text) {
  const std::span<const std::byte> pieces[] = {bytes_of(text)};
  write_file_atomically(path, pieces);
}

}  // namespace cermet
