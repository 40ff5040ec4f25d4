#include <algorithm>

#include "ops/generation/fourier.ref.h"
#include "ops/movement/shape_values.ref.h"

namespace cermet {
namespace {

using Complex = std::complex<double>;

// The one element of an integer input; nothing when unknown.
std::optional<Dim> positive_size(const InferContext& context, size_t input) {
  const auto contents = context.contents(input);
  if (!contents) return std::nullopt;
  context.require(contents->size() == 1 && !always_negative(contents->front()) &&
                      !contents->front().is_constant(0),
                  "input {}: expected one positive size, got {}", input, to_string(*contents));
  return contents->front();
}

std::optional<Dim> frame_length(const InferContext& context) {
  if (context.has_input(3)) return positive_size(context, 3);
  if (!context.has_input(2)) return context.dims(0)[1];
  if (!context.has_rank(2)) return std::nullopt;
  context.require(context.rank(2) == 1, "window: expected 1 dimension, got {}",
                  to_string(context.dims(2)));
  return context.dims(2)[0];
}

struct Frames {
  std::vector<double> signal;  // [batch, samples, parts]
  std::vector<double> window;
  int64_t samples = 0;
  int64_t parts = 1;
  int64_t step = 1;
  int64_t length = 0;

  // Frame `frame` of a sample of the batch, weighed by the window, zeroes after its end.
  std::vector<Complex> read(int64_t batch, int64_t frame) const {
    std::vector<Complex> line(length);
    const auto size = std::min<int64_t>(length, static_cast<int64_t>(window.size()));
    for (int64_t n = 0; n < size && frame * step + n < samples; ++n) {
      const int64_t at = (batch * samples + frame * step + n) * parts;
      line[n] = Complex(signal[at], parts == 2 ? signal[at + 1] : 0.0) * window[n];
    }
    return line;
  }
};

}  // namespace

void infer_stft(InferContext& context) {
  const ElementType element = context.element(0);
  const bool onesided = context.attributes().integer("onesided", 1) != 0;
  if (!context.has_rank(0)) return context.set_output_rank(0, element, 4);
  const Dims& signal = context.dims(0);
  context.require(signal.size() == 3 || signal.size() == 2,
                  "signal: expected [batch, samples, 1 or 2], got {}", to_string(signal));
  context.require(signal.size() == 2 || !signal[2].is_constant() || signal[2].is_constant(1) ||
                      signal[2].is_constant(2),
                  "signal: expected [batch, samples, 1 or 2], got {}", to_string(signal));
  const auto step = positive_size(context, 1);
  const auto length = frame_length(context);
  const Dim frames =
      step && length ? floor_div(signal[1] - *length, *step) + 1 : context.new_dim("frames");
  context.require(!always_negative(frames), "a frame of {} does not fit {} samples",
                  length ? length->to_string() : "?", signal[1].to_string());
  const Dim whole = length ? *length : context.new_dim("bins");
  const Dim bins = onesided ? floor_div(whole, 2) + 1 : whole;
  context.set_output(0, element, {signal[0], frames, bins, 2});
}

void evaluate_stft(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const TensorView out = context.output(0);
  Frames frames;
  frames.signal = load_all<double>(in);
  frames.samples = in.shape[1];
  frames.parts = in.shape.size() == 3 ? in.shape[2] : 1;
  frames.step = context.integers(1).at(0);
  frames.length = frames.samples;
  if (context.has_input(2)) frames.window = load_all<double>(context.input(2));
  if (context.has_input(3))
    frames.length = context.integers(3).at(0);
  else if (context.has_input(2))
    frames.length = static_cast<int64_t>(frames.window.size());
  if (!context.has_input(2)) frames.window.assign(frames.length, 1.0);
  const int64_t bins = out.shape[2];
  int64_t at = 0;
  for (int64_t b = 0; b < out.shape[0]; ++b)
    for (int64_t f = 0; f < out.shape[1]; ++f) {
      const auto spectrum = fourier_transform(frames.read(b, f), false);
      for (int64_t k = 0; k < bins; ++k) {
        store_element<double>(out, at++, spectrum[k].real());
        store_element<double>(out, at++, spectrum[k].imag());
      }
    }
}

}  // namespace cermet
