// Which steps Cermet's own CPU kernels compute: asked when tactics are chosen, and again when an
// engine is loaded, whose file may say anything.
#pragma once

#include <optional>
#include <string>

#include "plan/kernel.h"

namespace cermet::cpu {

// Why a kernel can't compute the step, in words; nothing when it can.
using Reason = std::optional<std::string>;

Reason rejects_pointwise(const KernelContext& context);
Reason rejects_movement(const KernelContext& context);
Reason rejects_reduction(const KernelContext& context);
Reason rejects_softmax(const KernelContext& context);
Reason rejects_normalization(const KernelContext& context);
Reason rejects_attention(const KernelContext& context);
Reason rejects_depthwise(const KernelContext& context);
Reason rejects_convolution(const KernelContext& context);
Reason rejects_winograd(const KernelContext& context);
Reason rejects_gemm(const KernelContext& context);
Reason rejects_resize(const KernelContext& context);
Reason rejects_pooling(const KernelContext& context);
Reason rejects_reorder(const KernelContext& context);
Reason rejects_custom(const KernelContext& context);
Reason rejects_reference(const KernelContext& context);

}  // namespace cermet::cpu
