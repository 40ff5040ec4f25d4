#include "runtime/kernels.h"

#include <algorithm>

#include "backends/cpu/run/kernel_library.h"
#include "backends/cpu/run/kernels.h"
#include "base/error.h"

namespace cermet {

void load_kernel_libraries(const EngineInfo& info, const Logger& logger) {
  const auto& needed = info.requirements;
  if (std::find(needed.begin(), needed.end(), cpu::onednn_requirement) == needed.end()) return;
  const cpu::KernelLibrary& library = cpu::onednn_library();
  if (logger) logger(Severity::verbose, fmt::format("kernels of {}", library.version));
}

const KernelFactory& find_kernel(const Choice& choice) {
  const auto entries = choice.tactic.starts_with(cpu::onednn_prefix) ? cpu::onednn_library().kernels
                                                                     : cpu::kernels();
  for (const KernelEntry& entry : entries) {
    if (entry.tactic != choice.tactic) continue;
    require(entry.version == choice.version, ErrorCode::invalid_engine,
            "the engine uses version {} of tactic {}, this release has version {}. Build the "
            "engine again",
            choice.version, choice.tactic, entry.version);
    return entry.make;
  }
  fail(ErrorCode::invalid_engine,
       "the engine uses tactic {}, which this release does not have. Build the engine again",
       choice.tactic);
}

}  // namespace cermet
