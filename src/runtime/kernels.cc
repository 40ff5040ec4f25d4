#include "runtime/kernels.h"

#include "backends/cpu/run/kernels.h"
#include "base/error.h"

namespace cermet {

void load_kernel_libraries(const EngineInfo&, const Logger&) {}

const KernelFactory& find_kernel(const Choice& choice) {
  for (const KernelEntry& entry : cpu::kernels()) {
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
