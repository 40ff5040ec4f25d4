#include "ops/families.ref.h"
#include "ops/movement/fill.ref.h"
#include "ops/movement/gather.ref.h"
#include "ops/movement/join.ref.h"
#include "ops/movement/padded.ref.h"
#include "ops/movement/permute.ref.h"
#include "ops/movement/reshape.ref.h"
#include "ops/movement/scatter.ref.h"
#include "ops/movement/select.ref.h"
#include "ops/movement/slice.ref.h"

namespace cermet {

std::span<const Operator> movement_operators() {
  static constexpr Operator operators[] = {
      {"CenterCropPad", infer_center_crop_pad, evaluate_center_crop_pad},
      {"Compress", infer_compress, evaluate_compress},
      {"Concat", infer_concat, evaluate_concat},
      {"ConstantOfShape", infer_constant_of_shape, evaluate_constant_of_shape},
      {"DepthToSpace", infer_depth_to_space, evaluate_depth_to_space},
      {"Expand", infer_expand, evaluate_expand},
      {"EyeLike", infer_eye_like, evaluate_eye_like},
      {"Flatten", infer_flatten, evaluate_reshape},
      {"Gather", infer_gather, evaluate_gather},
      {"GatherElements", infer_gather_elements, evaluate_gather_elements},
      {"GatherND", infer_gather_nd, evaluate_gather_nd},
      {"NonZero", infer_nonzero, evaluate_nonzero},
      {"OneHot", infer_one_hot, evaluate_one_hot},
      {"Pad", infer_pad, evaluate_pad},
      {"PaddedNonMaxSuppression", infer_padded_suppression, evaluate_padded_suppression, "cermet"},
      {"PaddedNonZero", infer_padded_nonzero, evaluate_padded_nonzero, "cermet"},
      {"Reshape", infer_reshape, evaluate_reshape},
      {"ReverseSequence", infer_reverse_sequence, evaluate_reverse_sequence},
      {"ScatterElements", infer_scatter_elements, evaluate_scatter_elements},
      {"ScatterND", infer_scatter_nd, evaluate_scatter_nd},
      {"Shape", infer_shape, evaluate_shape},
      {"Size", infer_size, evaluate_size},
      {"Slice", infer_slice, evaluate_slice},
      {"SpaceToDepth", infer_space_to_depth, evaluate_space_to_depth},
      {"Split", infer_split, evaluate_split},
      {"Squeeze", infer_squeeze, evaluate_reshape},
      {"TensorScatter", infer_tensor_scatter, evaluate_tensor_scatter},
      {"Tile", infer_tile, evaluate_tile},
      {"Transpose", infer_transpose, evaluate_transpose},
      {"Trilu", infer_trilu, evaluate_trilu},
      {"Unique", infer_unique, evaluate_unique},
      {"Unsqueeze", infer_unsqueeze, evaluate_reshape},
  };
  return operators;
}

}  // namespace cermet
