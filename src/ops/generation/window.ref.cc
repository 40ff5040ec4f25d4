#include "ops/generation/window.ref.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ops/movement/shape_values.ref.h"
#include "ops/movement/strided_copy.ref.h"

namespace cermet {
namespace {

ElementType result_type(const InferContext& context) {
  const int64_t type =
      context.attributes().integer("output_datatype", static_cast<int64_t>(ElementType::float32));
  context.require(type > 0 && type < element_type_count,
                  "output_datatype: {} is not an element type", type);
  return static_cast<ElementType>(type);
}

// The one element of an integer input as a size; a new symbol when unknown.
Dim scalar_size(InferContext& context, size_t input) {
  const auto contents = context.contents(input);
  if (!contents) return context.new_dim();
  context.require(contents->size() == 1 && !always_negative(contents->front()),
                  "input {}: expected one size, got {}", input, to_string(*contents));
  return contents->front();
}

// w(n) = a - b cos(2 pi n / N) + c cos(4 pi n / N); N is one less when the window is symmetric.
void evaluate_cosine_window(EvalContext& context, double a, double b, double c) {
  const TensorView out = context.output(0);
  const int64_t size = out.shape[0];
  const bool periodic = context.attributes().integer("periodic", 1) != 0;
  const auto period = static_cast<double>(periodic ? size : size - 1);
  for (int64_t n = 0; n < size; ++n) {
    const double angle = 2.0 * std::numbers::pi * static_cast<double>(n) / period;
    const double value = a - b * std::cos(angle) + c * std::cos(2.0 * angle);
    store_element<double>(out, n, period == 0 ? 1.0 : value);  // one sample is not weighed
  }
}

double mel(double hertz) { return 2595.0 * std::log10(1.0 + hertz / 700.0); }

// The spectrogram bins of the corners of the triangles: triangle i rises from corner i to i + 1
// and falls to i + 2. Corners are equally spaced on the mel scale.
std::vector<int64_t> mel_corners(int64_t bands, int64_t dft_length, double sample_rate, double low,
                                 double high) {
  const double first = mel(low);
  const double step = (mel(high) - first) / static_cast<double>(bands + 2);
  std::vector<int64_t> corners(bands + 2);
  for (int64_t i = 0; i < bands + 2; ++i) {
    const double at = first + static_cast<double>(i) * step;
    const double hertz = 700.0 * (std::pow(10.0, at / 2595.0) - 1.0);
    corners[i] =
        static_cast<int64_t>(std::floor(static_cast<double>(dft_length + 1) * hertz / sample_rate));
  }
  return corners;
}

double single_number(const EvalContext& context, size_t input) {
  context.require(context.input(input).elements() == 1, "input {}: expected one number", input);
  return load_element<double>(context.input(input), 0);
}

}  // namespace

void infer_window(InferContext& context) {
  context.set_output(0, result_type(context), {scalar_size(context, 0)});
}

void evaluate_hann_window(EvalContext& context) { evaluate_cosine_window(context, 0.5, 0.5, 0.0); }

void evaluate_hamming_window(EvalContext& context) {
  evaluate_cosine_window(context, 25.0 / 46.0, 21.0 / 46.0, 0.0);
}

void evaluate_blackman_window(EvalContext& context) {
  evaluate_cosine_window(context, 0.42, 0.5, 0.08);
}

void infer_mel_weight_matrix(InferContext& context) {
  const Dim bins = floor_div(scalar_size(context, 1), 2) + 1;
  context.set_output(0, result_type(context), {bins, scalar_size(context, 0)});
}

void evaluate_mel_weight_matrix(EvalContext& context) {
  const TensorView out = context.output(0);
  const int64_t bins = out.shape[0];
  const int64_t bands = out.shape[1];
  const double rate = single_number(context, 2);
  const double low = single_number(context, 3);
  const double high = single_number(context, 4);
  context.require(rate > 0 && low >= 0 && high >= low && high <= rate,
                  "expected 0 <= lower edge <= upper edge <= sample rate, got {}, {} and {}", low,
                  high, rate);
  const auto corners = mel_corners(bands, context.integers(1).at(0), rate, low, high);
  fill_zero(out);
  const auto set = [&](int64_t bin, int64_t band, double weight) {
    if (bin < bins) store_element<double>(out, bin * bands + band, weight);
  };
  for (int64_t band = 0; band < bands; ++band) {
    const int64_t left = corners[band];
    const int64_t peak = corners[band + 1];
    const int64_t right = corners[band + 2];
    for (int64_t bin = left; bin < peak; ++bin)
      set(bin, band, static_cast<double>(bin - left) / static_cast<double>(peak - left));
    set(peak, band, 1.0);
    for (int64_t bin = peak; bin < right; ++bin)
      set(bin, band, static_cast<double>(right - bin) / static_cast<double>(right - peak));
  }
}

}  // namespace cermet
