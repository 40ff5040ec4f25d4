// Files: mapped for reading, read whole, and replaced atomically. Every error has the code io,
// names the file, the system's reason, and what to do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cermet {

// How the pages of a mapping will be read.
enum class Access : uint8_t { normal, sequential, random, soon };

// A regular file mapped read-only, for as long as this lives. Movable, not copyable; reading is
// thread safe. A file that somebody shortens while it is mapped ends the program (SIGBUS) when the
// lost part is read: writers should replace files, as write_file_atomically does.
class MappedFile {
 public:
  MappedFile() = default;  // empty
  explicit MappedFile(std::string path);
  MappedFile(MappedFile&& other) noexcept { swap(other); }
  MappedFile& operator=(MappedFile&& other) noexcept {
    swap(other);
    return *this;
  }
  ~MappedFile();

  const std::byte* data() const noexcept { return data_; }  // page-aligned; null when empty
  size_t size() const noexcept { return size_; }
  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  const std::string& path() const noexcept { return path_; }

  // A hint for a range (the whole file by default); never fails, ranges are cut to the file.
  void advise(Access access, size_t offset = 0, size_t count = SIZE_MAX) const noexcept;

 private:
  void swap(MappedFile& other) noexcept;

  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// The whole contents.
std::string read_file(const std::string& path);

// The bytes of a value or a text, for write_file_atomically.
inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// Whether files can be made in the folder (empty: the current one) or renamed there.
bool may_write_into(const std::string& folder);

// Makes `path` hold the pieces, one after the other, or leaves it as it was: writes PATH.tmp,
// flushes it to the disk and renames it. A reader sees the old or the new file, never a part; who
// may read and write it stays as it was. Of several writers each waits for the one before. Pipes
// and devices are written in place.
void write_file_atomically(const std::string& path,
                           std::span<const std::span<const std::byte>> pieces);
void write_file_atomically(const std::string& path, std::string_view text);

}  // namespace cermet
