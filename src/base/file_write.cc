#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>

#include "base/error.h"
#include "base/file.h"
#include "base/file_handle.h"

namespace cermet {
namespace {

// The temporary file beside the target; removed again unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& target)
      : target_(target), file_(create(target, path_)) {}
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::span<const std::byte> piece) {
    // Linux writes at most 2 GiB at once.
    constexpr size_t most_at_once = size_t{1} << 30;
    while (!piece.empty()) {
      const ssize_t done = ::write(file_.get(), piece.data(), std::min(piece.size(), most_at_once));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) fail_file("write", target_, errno);
      piece = piece.subspan(static_cast<size_t>(done));
    }
  }

  void rename_to_target() {
    if (::fsync(file_.get()) != 0) fail_file("flush", target_, errno);
    if (const int error = file_.close(); error != 0) fail_file("write", target_, error);
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail_file("replace", target_, errno);
    path_.clear();
  }

 private:
  // Names are distinct among processes by id and within one by a counter; one left over by a
  // process that was killed is passed over.
  static int create(const std::string& target, std::string& path) {
    static std::atomic<unsigned> counter = 0;
    while (true) {
      std::string name = fmt::format("{}.{}.{}.tmp", target, ::getpid(), counter++);
      const int descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (descriptor < 0 && errno == EEXIST) continue;
      if (descriptor < 0) fail_file("create", name, errno);
      path = std::move(name);
      return descriptor;
    }
  }

  const std::string& target_;
  std::string path_;
  FileHandle file_;
};

// Makes the rename itself last. Not every file system can; the contents are safe by then.
void flush_folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const FileHandle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.get() >= 0) (void)::fsync(handle.get());
}

}  // namespace

void write_file_atomically(const std::string& path,
                           std::span<const std::span<const std::byte>> pieces) {
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
