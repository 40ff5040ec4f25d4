#include "backends/cpu/run/kernels.h"

#include <array>

#include "backends/cpu/run/kernel_library.h"
#include "backends/cpu/run/own_kernels.h"
#include "backends/cpu/run/own_rules.h"
#include "base/error.h"

namespace cermet::cpu {
namespace {

// A kernel relies on its step being one that its tactic takes.
template <Reason (*rejects)(const KernelContext&), auto make>
std::unique_ptr<Kernel> checked(const KernelContext& context) {
  if (const Reason reason = rejects(context))
    fail(ErrorCode::invalid_engine, "tactic {} does not take the step: {}",
         context.step->choice.tactic, *reason);
  return make(context);
}

template <Reason (*rejects)(const KernelContext&), OwnKernelFactory make>
std::unique_ptr<Kernel> own(const KernelContext& context) {
  return checked<rejects, for_this_machine<make>>(context);
}

}  // namespace

std::span<const KernelEntry> kernels() {
  static const std::array<KernelEntry, 15> entries{{
      {"cpu.pointwise", 1, own<rejects_pointwise, make_pointwise_kernel>},
      {"cpu.movement", 1, own<rejects_movement, make_movement_kernel>},
      {"cpu.reduction", 1, own<rejects_reduction, make_reduction_kernel>},
      {"cpu.softmax", 1, own<rejects_softmax, make_softmax_kernel>},
      {"cpu.normalization", 1, own<rejects_normalization, make_normalization_kernel>},
      {"cpu.attention", 1, own<rejects_attention, make_attention_kernel>},
      {"cpu.depthwise", 1, own<rejects_depthwise, make_depthwise_kernel>},
      {"cpu.convolution", 1, own<rejects_convolution, make_convolution_kernel>},
      {"cpu.winograd", 2, own<rejects_winograd, make_winograd_kernel>},
      {"cpu.gemm", 1, own<rejects_gemm, make_gemm_kernel>},
      {"cpu.resize", 1, own<rejects_resize, make_resize_kernel>},
      {"cpu.pooling", 1, own<rejects_pooling, make_pooling_kernel>},
      {"cpu.reorder", 1, own<rejects_reorder, make_reorder_kernel>},
      {"cpu.custom", 1, checked<rejects_custom, make_custom_kernel>},
      {"cpu.reference", 1, checked<rejects_reference, make_reference_kernel>},
  }};
  return entries;
}

std::unique_ptr<Kernel> make_kernel(const KernelContext& context) {
  const Choice& choice = context.step->choice;
  const auto entries =
      choice.tactic.starts_with(onednn_prefix) ? onednn_library().kernels : kernels();
  for (const KernelEntry& entry : entries) {
    if (entry.tactic != choice.tactic) continue;
    require(entry.version == choice.version, ErrorCode::invalid_engine,
            "the engine uses version {} of tactic {}, this release has version {}. Build the "
            "engine again",
            choice.version, choice.tactic, entry.version);
    return entry.make(context);
  }
  fail(ErrorCode::invalid_engine,
       "the engine uses tactic {}, which this release does not have. Build the engine again",
       choice.tactic);
}

}  // namespace cermet::cpu
