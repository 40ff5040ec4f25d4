#include "runtime/kernel_faults.h"

#include "base/error.h"

namespace cermet {

KernelFaults::KernelFaults(const Engine::Impl& engine) : places_(engine.kernels.size(), -1) {
  if (engine.device == nullptr) return;
  size_t index = 0;
  for_each_step(engine.plan().root.steps, [&](const Step& step) {
    if (step.program.can_find_faults()) {
      places_[index] = static_cast<int>(steps_.size());
      steps_.push_back(&step);
    }
    ++index;
  });
  if (steps_.empty()) return;
  memory_ = cuda::make_host_memory(engine.device->device(), steps_.size() * sizeof(KernelFault));
  require(static_cast<bool>(memory_), ErrorCode::out_of_memory,
          "{}: there is no page-locked memory left", engine.device->device()->name());
  for (size_t i = 0; i < steps_.size(); ++i) new (faults() + i) KernelFault;
}

void* KernelFaults::of_step(size_t index) const {
  return places_[index] < 0 ? nullptr : faults() + places_[index];
}

void KernelFaults::check() {
  for (size_t i = 0; i < steps_.size(); ++i) {
    const volatile KernelFault& seen = faults()[i];  // that a kernel wrote
    if (seen.kind == KernelFault::Kind::none) continue;
    const KernelFault found = {seen.kind, seen.value, seen.bound};
    for (size_t other = 0; other < steps_.size(); ++other) faults()[other] = KernelFault{};
    fail(ErrorCode::runtime, "running step '{}': {}", steps_[i]->name, to_string(found));
  }
}

}  // namespace cermet
