#include <array>

#include "ops/families.ref.h"
#include "ops/matrix/attention.ref.h"
#include "ops/matrix/causal_conv.ref.h"
#include "ops/matrix/det.ref.h"
#include "ops/matrix/einsum.ref.h"
#include "ops/matrix/gemm.ref.h"
#include "ops/matrix/linear_attention.ref.h"
#include "ops/matrix/mat_mul.ref.h"
#include "ops/matrix/rotary_embedding.ref.h"

namespace cermet {

std::span<const Operator> matrix_operators() {
  static constexpr std::array table{
      Operator{"MatMul", infer_mat_mul, evaluate_mat_mul},
      Operator{"Gemm", infer_gemm, evaluate_gemm},
      Operator{"Einsum", infer_einsum, evaluate_einsum},
      Operator{"Det", infer_det, evaluate_det},
      Operator{"Attention", infer_attention, evaluate_attention},
      Operator{"RotaryEmbedding", infer_rotary_embedding, evaluate_rotary_embedding},
      Operator{"LinearAttention", infer_linear_attention, evaluate_linear_attention},
      Operator{"CausalConvWithState", infer_causal_conv, evaluate_causal_conv},
  };
  return table;
}

}  // namespace cermet
