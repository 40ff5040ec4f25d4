#include "base/file_handle.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace cermet {
namespace {

struct Advice {
  int error;
  std::string_view text;
};

constexpr Advice advice[] = {
    {ENOENT, "check that the file and its folder exist"},
    {ENOTDIR, "a part of the path is not a folder"},
    {EISDIR, "give the path of a file, this is a folder"},
    {EACCES, "check the permissions of the file and its folder"},
    {EPERM, "check the permissions of the file and its folder"},
    {EROFS, "the file system is read-only, choose another folder"},
    {ENOSPC, "free some space or choose another folder"},
    {EDQUOT, "free some space or choose another folder"},
    {EFBIG, "the file exceeds the largest size allowed there, choose another folder"},
    {EMFILE, "too many files are open, raise the limit (ulimit -n)"},
    {ENFILE, "too many files are open in the system"},
    {ENAMETOOLONG, "choose a shorter name"},
    {ENOMEM, "the address space is used up, raise the limit (ulimit -v)"},
    {EIO, "the disk reports a fault, check it"},
};

std::string_view advice_for(int error) {
  for (const Advice& row : advice)
    if (row.error == error) return row.text;
  return "check the path and the disk";
}

}  // namespace

void fail_file(std::string_view doing, const std::string& path, int error) {
  fail(ErrorCode::io, "cannot {} {}: {}; {}", doing, path.empty() ? "a file without name" : path,
       std::generic_category().message(error), advice_for(error));
}

FileHandle::FileHandle(std::string_view doing, const std::string& path, int flags)
    : descriptor_(::open(path.c_str(), flags | O_CLOEXEC)) {
  if (descriptor_ < 0) fail_file(doing, path, errno);
}

FileHandle::~FileHandle() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

int FileHandle::close() {
  const int descriptor = std::exchange(descriptor_, -1);
  return descriptor >= 0 && ::close(descriptor) != 0 ? errno : 0;
}

}  // namespace cermet
