#include "ops/convolution/convolution.ref.h"

#include "ops/families.ref.h"

namespace cermet {

std::span<const Operator> convolution_operators() {
  static constexpr Operator operators[] = {
      {"Conv", infer_conv, evaluate_conv},
      {"ConvTranspose", infer_conv_transpose, evaluate_conv_transpose},
      {"DeformConv", infer_deform_conv, evaluate_deform_conv},
      {"Col2Im", infer_col2im, evaluate_col2im},
      {"AveragePool", infer_pool, evaluate_average_pool},
      {"LpPool", infer_pool, evaluate_lp_pool},
      {"MaxPool", infer_max_pool, evaluate_max_pool},
      {"GlobalAveragePool", infer_global_pool, evaluate_global_average_pool},
      {"GlobalMaxPool", infer_global_pool, evaluate_global_max_pool},
      {"GlobalLpPool", infer_global_pool, evaluate_global_lp_pool},
      {"MaxUnpool", infer_max_unpool, evaluate_max_unpool},
      {"MaxRoiPool", infer_max_roi_pool, evaluate_max_roi_pool},
      {"RoiAlign", infer_roi_align, evaluate_roi_align},
      {"NonMaxSuppression", infer_non_max_suppression, evaluate_non_max_suppression},
      {"Resize", infer_resize, evaluate_resize},
      {"GridSample", infer_grid_sample, evaluate_grid_sample},
      {"AffineGrid", infer_affine_grid, evaluate_affine_grid},
  };
  return operators;
}

}  // namespace cermet
