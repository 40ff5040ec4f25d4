#include "runtime/kernel_libraries.h"

#include <algorithm>

#include "backends/cpu/run/kernel_library.h"
#include "base/error.h"

namespace cermet {

void check_processor(const EngineInfo& info, const CpuFeatures& features) {
  const std::string missing = missing_feature(info.cpu_features, features);
  require(missing.empty(), ErrorCode::device,
          "the engine needs a processor with {}, which this one lacks. Build the engine again on "
          "this machine",
          missing);
}

void load_kernel_libraries(const EngineInfo& info, const Logger& logger) {
  const auto& needed = info.requirements;
  if (std::find(needed.begin(), needed.end(), cpu::onednn_requirement) == needed.end()) return;
  const cpu::KernelLibrary& library = cpu::onednn_library();
  if (logger) logger(Severity::verbose, fmt::format("kernels of {}", library.version));
}

}  // namespace cermet
