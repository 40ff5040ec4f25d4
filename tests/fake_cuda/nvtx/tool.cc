// A tool for NVTX 3, as a profiler is: writes a line for each range that begins or ends to the file
// that NVTX_LOG names. Declared here as the protocol has it, and shares nothing with what is
// tested.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>

namespace {

using Function = void (*)();
struct Callbacks {
  size_t struct_size;
  int (*get_module_function_table)(int module, Function*** table, unsigned* size);
};
struct VersionInfo {
  size_t struct_size;
  uint32_t version, reserved;
  void (*set_injection_nvtx_version)(uint32_t version);
};

void write(const char* what, const char* name) {
  const char* path = std::getenv("NVTX_LOG");
  std::FILE* file = path != nullptr ? std::fopen(path, "a") : nullptr;
  if (file == nullptr) return;
  std::fprintf(file, "%s %s\n", what, name);
  std::fclose(file);
}

int push(const char* name) {
  write("push", name);
  return 0;
}

int pop() {
  write("pop", "");
  return 0;
}

}  // namespace

extern "C" int InitializeInjectionNvtx2(const void* (*get_export_table)(uint32_t)) {
  const auto* version = static_cast<const VersionInfo*>(get_export_table(3));
  const auto* callbacks = static_cast<const Callbacks*>(get_export_table(1));
  if (version == nullptr || version->struct_size < sizeof(VersionInfo) || version->version < 2)
    return 0;
  version->set_injection_nvtx_version(3);
  if (callbacks == nullptr || callbacks->struct_size < sizeof(Callbacks)) return 0;
  for (const int module : {1, 5}) {  // core and its newer part, of 16 functions each
    Function** table = nullptr;
    unsigned size = 0;
    if (callbacks->get_module_function_table(module, &table, &size) == 0 || size < 16) return 0;
    if (module != 1) continue;
    *table[9] = reinterpret_cast<Function>(push);
    *table[11] = reinterpret_cast<Function>(pop);
  }
  return callbacks->get_module_function_table(99, nullptr, nullptr) == 0 ? 1 : 0;
}
