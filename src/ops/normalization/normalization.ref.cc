#include <array>

#include "ops/families.ref.h"
#include "ops/normalization/channel.ref.h"
#include "ops/normalization/layer.ref.h"
#include "ops/normalization/local.ref.h"

namespace cermet {

std::span<const Operator> normalization_operators() {
  static constexpr std::array table{
      Operator{"BatchNormalization", infer_batch_normalization, evaluate_batch_normalization},
      Operator{"InstanceNormalization", infer_group_normalization, evaluate_group_normalization},
      Operator{"GroupNormalization", infer_group_normalization, evaluate_group_normalization},
      Operator{"LayerNormalization", infer_layer_normalization, evaluate_layer_normalization},
      Operator{"RMSNormalization", infer_rms_normalization, evaluate_rms_normalization},
      Operator{"LpNormalization", infer_lp_normalization, evaluate_lp_normalization},
      Operator{"MeanVarianceNormalization", infer_mean_variance_normalization,
               evaluate_mean_variance_normalization},
      Operator{"LRN", infer_lrn, evaluate_lrn},
  };
  return table;
}

}  // namespace cermet
