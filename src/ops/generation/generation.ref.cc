#include "ops/families.ref.h"
#include "ops/generation/fourier.ref.h"
#include "ops/generation/random.ref.h"
#include "ops/generation/range.ref.h"
#include "ops/generation/window.ref.h"

namespace cermet {

std::span<const Operator> generation_operators() {
  static constexpr Operator operators[] = {
      {"Bernoulli", infer_random_like, evaluate_bernoulli, "", false},
      {"BlackmanWindow", infer_window, evaluate_blackman_window},
      {"DFT", infer_dft, evaluate_dft},
      {"HammingWindow", infer_window, evaluate_hamming_window},
      {"HannWindow", infer_window, evaluate_hann_window},
      {"MelWeightMatrix", infer_mel_weight_matrix, evaluate_mel_weight_matrix},
      {"Multinomial", infer_multinomial, evaluate_multinomial, "", false},
      {"RandomNormal", infer_random, evaluate_random_normal, "", false},
      {"RandomNormalLike", infer_random_like, evaluate_random_normal, "", false},
      {"RandomUniform", infer_random, evaluate_random_uniform, "", false},
      {"RandomUniformLike", infer_random_like, evaluate_random_uniform, "", false},
      {"Range", infer_range, evaluate_range},
      {"STFT", infer_stft, evaluate_stft},
  };
  return operators;
}

}  // namespace cermet
