// Compiled kernels, kept on disk from one build to the next.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cermet::cuda {

// A folder with one file a kernel, named by the hash of source, architecture and compiler. Files
// come into place by renaming, so that any number of processes share a folder. What can't be read
// or written is as if it were not there: the kernel is compiled again. Safe to use from several
// threads.
class KernelCache {
 public:
  // CERMET_KERNEL_CACHE, else XDG_CACHE_HOME/cermet/kernels, else ~/.cache/cermet/kernels; an empty
  // CERMET_KERNEL_CACHE: none.
  static KernelCache of_user();
  explicit KernelCache(std::string folder) : folder_(std::move(folder)) {}

  std::optional<std::vector<std::byte>> find(std::string_view source, std::string_view architecture,
                                             std::string_view compiler) const;
  void add(std::string_view source, std::string_view architecture, std::string_view compiler,
           const std::vector<std::byte>& image) const;

 private:
  std::string path(std::string_view source, std::string_view architecture,
                   std::string_view compiler) const;

  std::string folder_;  // empty: nothing is kept
};

// The name of a source: its hash, 32 hexadecimal digits.
std::string source_name(std::string_view source);

}  // namespace cermet::cuda
