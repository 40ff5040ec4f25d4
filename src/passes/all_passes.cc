#include <array>

#include "passes/passes.h"

namespace cermet {

std::span<const Pass> all_passes() {
  static constexpr std::array passes{
      // Before weights are made floats.
      Pass{"multiply-bytes", multiply_bytes},
      Pass{"fold-constants", fold_constants},
      Pass{"infer-sizes", infer_sizes},
      Pass{"fold-shapes", fold_shapes},
      Pass{"eliminate-no-ops", eliminate_no_ops},
      Pass{"share-equal-constants", share_equal_constants},
      Pass{"share-equal-nodes", share_equal_nodes},
      Pass{"merge-casts", merge_casts},
      Pass{"cancel-inverses", cancel_inverses},
      Pass{"drop-reductions", drop_reductions},
      Pass{"drop-expands", drop_expands},
      Pass{"fold-where", fold_where},
      Pass{"slice-gathers", slice_gathers, near_slice_gathers},
      Pass{"merge-slices", merge_slices, near_merge_slices},
      Pass{"merge-movements", merge_movements, near_merge_movements},
      Pass{"move-reshapes", move_reshapes},
      Pass{"fold-batch-normalization", fold_batch_normalization, near_fold_batch_normalization},
      Pass{"fold-pads", fold_pads, near_fold_pads},
      Pass{"gather-early", gather_early},
      Pass{"inline-branches", inline_branches},
      Pass{"unroll-loops", unroll_loops, near_unroll_loops},
      Pass{"drop-dead-outputs", drop_dead_outputs},
      Pass{"hoist-invariants", hoist_invariants, near_hoist_invariants},
      Pass{"fuse-softmax", fuse_softmax, {}, 1},
      Pass{"fuse-normalization", fuse_normalization, {}, 1},
      Pass{"fuse-activation", fuse_activation, {}, 1},
      Pass{"fuse-attention", fuse_attention, {}, 1},
      Pass{"expand-gemm", expand_gemm, near_expand_gemm, 2},
      Pass{"unflatten-products", unflatten_products, {}, 2},
      Pass{"fold-scales", fold_scales, near_fold_scales, 2},
      Pass{"fold-channel-order", fold_channel_order, {}, 2},
      Pass{"sink-transposes", sink_transposes, near_sink_transposes, 2},
      Pass{"pack-heads", pack_heads, {}, 2},
      Pass{"pad-results", pad_results, {}, 2},
      Pass{"merge-siblings", merge_siblings, near_merge_siblings, 3},
      Pass{"fuse-epilogue", fuse_epilogue, near_fuse_epilogue, 4},
      Pass{"fuse-pointwise", fuse_pointwise, near_fuse_pointwise, 4},
  };
  return passes;
}

}  // namespace cermet
