#include "settings.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

namespace fake_cuda {
namespace {

// The text behind NAME= in FAKE_CUDA, or null.
const char* text_of(const char* name) {
  const char* text = std::getenv("FAKE_CUDA");
  const size_t length = std::strlen(name);
  for (; text != nullptr && *text != '\0'; text = std::strchr(text, ','), text += text != nullptr)
    if (std::strncmp(text, name, length) == 0 && text[length] == '=') return text + length + 1;
  return nullptr;
}

std::map<std::string, int64_t, std::less<>>& counts() {
  // Never destroyed: calls may come while the process ends.
  static auto& counts = *new std::map<std::string, int64_t, std::less<>>;
  return counts;
}

}  // namespace

int64_t setting(const char* name, int64_t otherwise) {
  const char* text = text_of(name);
  return text != nullptr ? std::atoll(text) : otherwise;
}

int injected_error(const char* name) {
  ++counts()[name];
  // Never destroyed: calls may come while the process ends.
  static auto& calls = *new std::map<std::string, int64_t, std::less<>>;
  static auto& seen = *new std::string;
  const char* all = std::getenv("FAKE_CUDA");
  if (seen != (all != nullptr ? all : "")) {
    seen = all != nullptr ? all : "";
    calls.clear();
  }
  const char* text = text_of(name);
  if (text == nullptr) return 0;
  char* end = nullptr;
  const int error = static_cast<int>(std::strtol(text, &end, 10));
  if (*end != '@') return error;
  return ++calls[name] == std::atoll(end + 1) ? error : 0;
}

}  // namespace fake_cuda

extern "C" int64_t fake_cuda_calls(const char* name) {
  const auto& counts = fake_cuda::counts();
  const auto known = counts.find(name);
  return known != counts.end() ? known->second : 0;
}
