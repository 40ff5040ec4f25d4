// The operators of this family, one pair of functions each.
#pragma once

#include "ops/operator.ref.h"

namespace cermet {

void infer_conv(InferContext& context);
void evaluate_conv(EvalContext& context);
void infer_conv_transpose(InferContext& context);
void evaluate_conv_transpose(EvalContext& context);
void infer_deform_conv(InferContext& context);
void evaluate_deform_conv(EvalContext& context);
void infer_col2im(InferContext& context);
void evaluate_col2im(EvalContext& context);

void infer_pool(InferContext& context);
void evaluate_average_pool(EvalContext& context);
void evaluate_lp_pool(EvalContext& context);
void infer_max_pool(InferContext& context);
void evaluate_max_pool(EvalContext& context);
void infer_global_pool(InferContext& context);
void evaluate_global_average_pool(EvalContext& context);
void evaluate_global_max_pool(EvalContext& context);
void evaluate_global_lp_pool(EvalContext& context);
void infer_max_unpool(InferContext& context);
void evaluate_max_unpool(EvalContext& context);

void infer_max_roi_pool(InferContext& context);
void evaluate_max_roi_pool(EvalContext& context);
void infer_roi_align(InferContext& context);
void evaluate_roi_align(EvalContext& context);
void infer_non_max_suppression(InferContext& context);
void evaluate_non_max_suppression(EvalContext& context);

void infer_resize(InferContext& context);
void evaluate_resize(EvalContext& context);
void infer_grid_sample(InferContext& context);
void evaluate_grid_sample(EvalContext& context);
void infer_affine_grid(InferContext& context);
void evaluate_affine_grid(EvalContext& context);

}  // namespace cermet
