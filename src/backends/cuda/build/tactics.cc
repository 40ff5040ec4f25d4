#include "backends/cuda/build/tactics.h"

#include <vector>

#include "backends/cuda/build/attention.h"
#include "backends/cuda/build/cublaslt_gemm.h"
#include "backends/cuda/build/cudnn_convolution.h"
#include "backends/cuda/build/deformable.h"
#include "backends/cuda/build/depthwise.h"
#include "backends/cuda/build/dft.h"
#include "backends/cuda/build/direct_convolution.h"
#include "backends/cuda/build/few_channels.h"
#include "backends/cuda/build/fill.h"
#include "backends/cuda/build/gather.h"
#include "backends/cuda/build/gathered_convolution.h"
#include "backends/cuda/build/gemm.h"
#include "backends/cuda/build/gemv.h"
#include "backends/cuda/build/grid_sample.h"
#include "backends/cuda/build/movement.h"
#include "backends/cuda/build/normalization.h"
#include "backends/cuda/build/padded_results.h"
#include "backends/cuda/build/plain_convolution.h"
#include "backends/cuda/build/plain_product.h"
#include "backends/cuda/build/pointwise.h"
#include "backends/cuda/build/pooling.h"
#include "backends/cuda/build/quantize.h"
#include "backends/cuda/build/recurrent.h"
#include "backends/cuda/build/reduction.h"
#include "backends/cuda/build/resize.h"
#include "backends/cuda/build/rotary.h"
#include "backends/cuda/build/scan.h"
#include "backends/cuda/build/softmax.h"
#include "backends/cuda/build/tensor_scatter.h"
#include "backends/cuda/build/topk.h"
#include "backends/cuda/build/winograd.h"

namespace cermet::cuda {

std::span<const Tactic> tactics() {
  static const std::vector<Tactic> list{
      pointwise_tactic(),
      reduction_tactic(),
      softmax_tactic(),
      normalization_tactic(),
      batch_normalization_tactic(),
      local_response_tactic(),
      movement_tactic(),
      reorder_tactic(),
      pad_tactic(),
      gather_tactic(),
      scatter_tactic(),
      fill_tactic(),
      resize_tactic(),
      grid_sample_tactic(),
      quantize_tactic(),
      depthwise_tactic(),
      direct_convolution_tactic(),
      deconvolution_tactic(),
      grouped_convolution_tactic(),
      deformable_tactic(),
      plain_convolution_tactic(),
      recurrent_tactic(),
      attention_tactic(),
      exact_attention_tactic(),
      rotary_tactic(),
      gemv_tactic(),
      gemm_warpgroup_tactic(),
      gemm_tactic(),
      gemm_fma_tactic(),
      gemm_bytes_tactic(),
      plain_product_tactic(),
      convolution_warpgroup_tactic(),
      few_channels_tactic(),
      convolution_tactic(),
      convolution_fma_tactic(),
      convolution_bytes_tactic(),
      winograd_tactic(),
      cublaslt_tactic(),
      cudnn_tactic(),
      tensor_scatter_tactic(),
      pooling_tactic(),
      scan_tactic(),
      topk_tactic(),
      nonzero_tactic(),
      suppression_tactic(),
      dft_tactic(),
  };
  return list;
}

}  // namespace cermet::cuda
