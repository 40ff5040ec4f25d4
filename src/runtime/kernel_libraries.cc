#include "runtime/kernel_libraries.h"

#include <algorithm>

#include "backends/cpu/run/kernel_library.h"
#include "base/error.h"

namespace cermet {

void load_kernel_libraries(const EngineInfo& info, const Logger& logger) {
  const auto& needed = info.requirements;
  if (std::find(needed.begin(), needed.end(), cpu::onednn_requirement) == needed.end()) return;
  const cpu::KernelLibrary& library = cpu::onednn_library();
  if (logger) logger(Severity::verbose, fmt::format("kernels of {}", library.version));
}

}  // namespace cermet
