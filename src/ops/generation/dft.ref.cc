#include <algorithm>

#include "ops/generation/fourier.ref.h"
#include "ops/movement/shape_values.ref.h"

namespace cermet {
namespace {

using Complex = std::complex<double>;

struct DftKind {
  bool inverse = false;
  bool onesided = false;

  explicit DftKind(const Attributes& attributes)
      : inverse(attributes.integer("inverse", 0) != 0),
        onesided(attributes.integer("onesided", 0) != 0) {}
  bool to_real() const { return inverse && onesided; }
};

// Dimension `axis` of the signal seen as [outer, size, inner, parts] (parts: real, imaginary).
struct Signal {
  std::vector<double> values;
  int64_t size = 0;
  int64_t inner = 1;
  int64_t parts = 1;

  Complex at(int64_t outer, int64_t n, int64_t i) const {
    const int64_t base = ((outer * size + n) * inner + i) * parts;
    return {values[base], parts == 2 ? values[base + 1] : 0.0};
  }
};

Signal read_signal(const ConstTensorView& in, size_t axis) {
  Signal signal;
  signal.values = load_all<double>(in);
  signal.size = in.shape[axis];
  signal.parts = in.shape.back();
  for (size_t d = axis + 1; d + 1 < in.shape.size(); ++d) signal.inner *= in.shape[d];
  return signal;
}

// The first `length` elements of a line, zeroes after its end. For a one-sided spectrum the
// missing half is the conjugate of the given one.
std::vector<Complex> read_line(const Signal& signal, int64_t outer, int64_t inner, int64_t length,
                               const DftKind& kind) {
  std::vector<Complex> line(length);
  if (!kind.to_real()) {
    for (int64_t n = 0; n < std::min(length, signal.size); ++n)
      line[n] = signal.at(outer, n, inner);
    return line;
  }
  for (int64_t k = 0; k <= length / 2 && k < signal.size; ++k) {
    const Complex value = signal.at(outer, k, inner);
    if (k == 0 || 2 * k == length) {
      line[k] = value.real();
    } else {
      line[k] = value;
      line[length - k] = std::conj(value);
    }
  }
  return line;
}

Dim transform_length(InferContext& context, const Dim& size, const DftKind& kind) {
  if (!context.has_input(1)) return kind.to_real() ? 2 * (size - 1) : size;
  const auto contents = context.contents(1);
  if (!contents) return context.new_dim("dft");
  context.require(contents->size() == 1 && !always_negative(contents->front()) &&
                      !contents->front().is_constant(0),
                  "dft_length: expected one positive size, got {}", to_string(*contents));
  return contents->front();
}

std::optional<int> dft_axis(const InferContext& context) {
  int64_t axis = -2;
  if (context.has_input(2)) {
    const auto given = context.integers(2);
    if (!given) return std::nullopt;
    context.require(given->size() == 1, "axis: expected one number, got {}", given->size());
    axis = given->front();
  }
  const int result = context.axis(axis, context.rank(0));
  context.require(result != context.rank(0) - 1,
                  "axis: the last dimension holds the parts of a number and is no signal");
  return result;
}

}  // namespace

void infer_dft(InferContext& context) {
  const DftKind kind(context.attributes());
  if (!context.has_rank(0)) return context.set_output_rank_unknown(0, context.element(0));
  Dims dims = context.dims(0);
  context.require(dims.size() >= 2, "expected at least 2 dimensions, got {}", to_string(dims));
  const Dim parts = dims.back();
  context.require(!parts.is_constant() || parts.constant() == 1 || parts.constant() == 2,
                  "the last dimension: expected 1 (real) or 2 (complex), got {}",
                  parts.to_string());
  context.require(!kind.onesided || kind.inverse || !parts.is_constant(2),
                  "a one-sided spectrum needs a real signal");
  const auto axis = dft_axis(context);
  if (!axis) {
    for (Dim& size : dims) size = context.new_dim("dft");
  } else {
    Dim length = transform_length(context, dims[*axis], kind);
    context.require(!always_negative(length), "a spectrum of one element has no default length");
    dims[*axis] = kind.onesided && !kind.inverse ? floor_div(length, 2) + 1 : length;
  }
  dims.back() = kind.to_real() ? 1 : 2;
  context.set_output(0, context.element(0), std::move(dims));
}

void evaluate_dft(EvalContext& context) {
  const ConstTensorView& in = context.input(0);
  const DftKind kind(context.attributes());
  const TensorView out = context.output(0);
  const int64_t named = context.has_input(2) ? context.integers(2).at(0) : -2;
  const size_t axis = context.axis(named, in.shape.size());
  const Signal signal = read_signal(in, axis);
  const int64_t parts = out.shape.back();
  const int64_t kept = out.shape[axis];
  int64_t length = kept;
  if (kind.onesided && !kind.inverse)
    length = context.has_input(1) ? context.integers(1).at(0) : signal.size;
  int64_t outer_count = 1;
  for (size_t d = 0; d < axis; ++d) outer_count *= in.shape[d];
  if (out.elements() == 0) return;
  std::vector<double> result(out.elements());
  for (int64_t outer = 0; outer < outer_count; ++outer)
    for (int64_t i = 0; i < signal.inner; ++i) {
      const auto line = fourier_transform(read_line(signal, outer, i, length, kind), kind.inverse);
      for (int64_t k = 0; k < std::min(kept, length); ++k) {
        const int64_t base = ((outer * kept + k) * signal.inner + i) * parts;
        result[base] = line[k].real();
        if (parts == 2) result[base + 1] = line[k].imag();
      }
    }
  store_all(out, result);
}

}  // namespace cermet
