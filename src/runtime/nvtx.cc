#include "runtime/nvtx.h"

#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"

namespace cermet {
namespace {

// The parts of NVTX's binary interface, version 3, that are used here.
using Function = void (*)();
constexpr uint32_t table_of_callbacks = 1, table_of_version = 3;
constexpr int first_module = 1, modules = 6;  // core, CUDA, OpenCL, the CUDA runtime, core 2, sync
constexpr int core = 1;
constexpr size_t push_range = 9, pop_range = 11;  // in `core`
constexpr size_t most_functions = 32;             // of a module; none has as many

struct Callbacks {
  size_t bytes;
  int (*functions_of)(int module, Function*** table, unsigned* size);
};
struct Version {
  size_t bytes;
  uint32_t version, reserved;
  void (*set_version_of_tool)(uint32_t version);
};

struct Module {
  std::array<Function, most_functions> functions{};
  std::array<Function*, most_functions> places{};
};

std::array<Module, modules>& tables() {
  static std::array<Module, modules> tables;
  return tables;
}

int functions_of(int module, Function*** table, unsigned* size) {
  if (module < first_module || module >= first_module + modules) return 0;
  Module& of = tables()[static_cast<size_t>(module - first_module)];
  for (size_t i = 0; i < most_functions; ++i) of.places[i] = &of.functions[i];
  if (table != nullptr) *table = of.places.data();
  if (size != nullptr) *size = most_functions;
  return 1;
}

const void* export_table(uint32_t id) {
  static const Callbacks callbacks{sizeof(Callbacks), functions_of};
  static const Version version{sizeof(Version), 3, 0, [](uint32_t) {}};
  if (id == table_of_callbacks) return &callbacks;
  return id == table_of_version ? &version : nullptr;
}

}  // namespace

// The library stays open: the tool works until the process ends.
Nvtx::Nvtx() {
  const char* const path = std::getenv("NVTX_INJECTION64_PATH");
  if (path == nullptr || *path == '\0') return;
  void* const library = ::dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) {
    const char* const why = ::dlerror();
    fail(ErrorCode::device, "NVTX_INJECTION64_PATH: {}", why != nullptr ? why : path);
  }
  const auto begin = reinterpret_cast<int (*)(const void* (*)(uint32_t))>(
      ::dlsym(library, "InitializeInjectionNvtx2"));
  require(begin != nullptr, ErrorCode::device,
          "NVTX_INJECTION64_PATH: {} has no function InitializeInjectionNvtx2: it is no tool for "
          "NVTX 3",
          path);
  if (begin(export_table) == 0) return;
  const Module& functions = tables()[core - first_module];
  push_ = reinterpret_cast<int (*)(const char*)>(functions.functions[push_range]);
  pop_ = reinterpret_cast<int (*)()>(functions.functions[pop_range]);
}

const Nvtx* Nvtx::of_process() {
  static const Nvtx nvtx;
  return nvtx.listens() ? &nvtx : nullptr;
}

}  // namespace cermet
