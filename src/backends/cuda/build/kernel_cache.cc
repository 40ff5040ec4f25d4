#include "backends/cuda/build/kernel_cache.h"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"

namespace cermet::cuda {
namespace {

std::string hash_text(std::string_view text) {
  const uint64_t low = hash_bytes(text);
  const uint64_t high = hash_bytes(text, low);
  return fmt::format("{:016x}{:016x}", high, low);
}

}  // namespace

std::string source_name(std::string_view source) { return hash_text(source); }

KernelCache KernelCache::of_user() {
  if (const char* folder = std::getenv("CERMET_KERNEL_CACHE")) return KernelCache(folder);
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache != '\0')
    return KernelCache(fmt::format("{}/cermet/kernels", cache));
  const char* home = std::getenv("HOME");
  return KernelCache(home != nullptr ? fmt::format("{}/.cache/cermet/kernels", home) : "");
}

std::string KernelCache::path(std::string_view source, std::string_view architecture,
                              std::string_view compiler) const {
  return fmt::format("{}/{}.{}", folder_,
                     hash_text(fmt::format("{}\n{}\n{}", compiler, architecture, source)),
                     architecture);
}

std::optional<std::vector<std::byte>> KernelCache::find(std::string_view source,
                                                        std::string_view architecture,
                                                        std::string_view compiler) const {
  if (folder_.empty()) return std::nullopt;
  try {
    const MappedFile file(path(source, architecture, compiler));
    // The last 8 bytes are the hash of those before them.
    if (file.size() <= sizeof(uint64_t)) return std::nullopt;
    const auto image = file.bytes().first(file.size() - sizeof(uint64_t));
    uint64_t hash = 0;
    std::memcpy(&hash, image.data() + image.size(), sizeof(hash));
    if (hash != hash_bytes(image.data(), image.size())) return std::nullopt;
    return std::vector<std::byte>(image.begin(), image.end());
  } catch (const Error&) {
    return std::nullopt;
  }
}

void KernelCache::add(std::string_view source, std::string_view architecture,
                      std::string_view compiler, const std::vector<std::byte>& image) const {
  if (folder_.empty()) return;
  std::error_code ignored;
  std::filesystem::create_directories(folder_, ignored);
  const uint64_t hash = hash_bytes(image.data(), image.size());
  const std::span<const std::byte> pieces[] = {image, std::as_bytes(std::span(&hash, 1))};
  try {
    write_file_atomically(path(source, architecture, compiler), pieces);
  } catch (const Error&) {  // a full disk or a folder of somebody else's: compiled again next time
  }
}

}  // namespace cermet::cuda
