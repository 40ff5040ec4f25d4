#include "backends/cuda/build/recurrent_activations.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "base/error.h"

namespace cermet::cuda {
namespace {

// x: the argument; a, b: alpha and beta.
struct ActivationText {
  std::string_view name, text;
};

constexpr std::array activation_texts{
    ActivationText{"Sigmoid", "activation_sigmoid(x)"},
    ActivationText{"Tanh", "activation_tanh(x)"},
    ActivationText{"Relu", "x > 0 ? x : C(0)"},
    ActivationText{"Affine", "a * x + b"},
    ActivationText{"LeakyRelu", "x >= 0 ? x : a * x"},
    ActivationText{"ThresholdedRelu", "x >= a ? x : C(0)"},
    ActivationText{"ScaledTanh", "a * activation_tanh(b * x)"},
    ActivationText{"HardSigmoid", "activation_clamp(a * x + b, C(0), C(1))"},
    ActivationText{"Elu", "x >= 0 ? x : a * activation_expm1(x)"},
    ActivationText{"Softsign", "x / (C(1) + activation_abs(x))"},
    ActivationText{"Softplus", "scalar_softplus(x)"},
};

std::string_view text_of(std::string_view name) {
  for (const ActivationText& known : activation_texts)
    if (known.name == name) return known.text;
  fail(ErrorCode::internal, "kernels have no activation {}", name);
}

}  // namespace

std::string print_activations(const RecurrentAttributes& attributes, RecurrentCell cell,
                              std::string_view type) {
  std::string text = fmt::format(
      "struct Activations {{\nusing C = {};\ntemplate <int I>\n"
      "static __device__ __forceinline__ C apply(int direction, C x) {{\n",
      type);
  if (attributes.clip)
    text += fmt::format("x = activation_clamp(x, C(-{0:.17e}), C({0:.17e}));\n", *attributes.clip);
  const size_t count = activation_count(cell);
  for (size_t i = 0; i < attributes.activations.size(); ++i) {
    const RecurrentActivation& activation = attributes.activations[i];
    text += fmt::format(
        "if (I == {} && direction == {}) {{\nconst C a = C({:.17e}), b = C({:.17e});\n"
        "(void)a, (void)b;\nreturn {};\n}}\n",
        i % count, i / count, activation.alpha, activation.beta, text_of(activation.name));
  }
  return text + "return x;\n}\n};\n";
}

}  // namespace cermet::cuda
