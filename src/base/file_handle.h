// The parts that the file functions share: an owned descriptor and errors from errno.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace cermet {

// Throws io: "cannot DO PATH: REASON; ADVICE".
[[noreturn]] void fail_file(std::string_view doing, const std::string& path, int error);

// Closes what it holds.
class FileHandle {
 public:
  // As open(2), close-on-exec; throws io.
  FileHandle(std::string_view doing, const std::string& path, int flags);
  explicit FileHandle(int descriptor) : descriptor_(descriptor) {}
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  ~FileHandle();

  int get() const { return descriptor_; }
  // Some file systems report a full disk only here. Returns errno or 0.
  int close();
  // The descriptor, which the caller closes from now on.
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_ = -1;
};

}  // namespace cermet
