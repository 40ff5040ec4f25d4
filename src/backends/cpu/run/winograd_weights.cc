#include "backends/cpu/run/winograd_weights.h"

#include <cstdio>

#include "base/error.h"

namespace cermet::cpu {
namespace {

// Rows of G: one a place of the patch, one column a place of the window. Row p of g4 is
// (1, p, p p) / the product of p - q over the other points q, of 0, 3/4, -3/4, 3/2, -3/2; the last
// one is of infinity.
constexpr double g2[4][3] = {{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}};
constexpr double g4[6][3] = {{64. / 81, 0, 0},
                             {-128. / 243, -32. / 81, -8. / 27},
                             {-128. / 243, 32. / 81, -8. / 27},
                             {32. / 243, 16. / 81, 8. / 27},
                             {32. / 243, -16. / 81, 8. / 27},
                             {0, 0, 1}};

// to[place * step] for the n x n places.
template <size_t n>
void transform(const double (&g)[n][3], const float* window, float* to, int64_t step) {
  double half[n][3] = {};
  for (size_t row = 0; row < n; ++row)
    for (size_t j = 0; j < 3; ++j)
      for (size_t i = 0; i < 3; ++i) half[row][j] += g[row][i] * window[i * 3 + j];
  for (size_t row = 0; row < n; ++row)
    for (size_t column = 0; column < n; ++column) {
      double sum = 0;
      for (size_t j = 0; j < 3; ++j) sum += half[row][j] * g[column][j];
      to[static_cast<int64_t>(row * n + column) * step] = static_cast<float>(sum);
    }
}

int64_t place_of(const WinogradForm& form, int64_t output, int64_t place, int64_t input) {
  const int64_t panel = output / form.columns;
  return ((panel * form.places() + place) * form.inputs + input) * form.columns +
         output % form.columns;
}

}  // namespace

std::string WinogradForm::to_string() const {
  return fmt::format("winograd {} columns {} of {}x{}", tile, columns, outputs, inputs);
}

WinogradForm WinogradForm::parse(std::string_view text) {
  WinogradForm form;
  const std::string ended(text);
  int used = 0;
  const int read = std::sscanf(ended.c_str(), "winograd %9ld columns %9ld of %9ldx%9ld%n",
                               &form.tile, &form.columns, &form.outputs, &form.inputs, &used);
  const bool sound = read == 4 && static_cast<size_t>(used) == ended.size() &&
                     (form.tile == 2 || form.tile == 4) && form.columns > 0 && form.columns <= 64 &&
                     form.outputs > 0 && form.inputs > 0 &&
                     static_cast<double>(form.outputs) * static_cast<double>(form.inputs) < 1e15;
  require(sound, ErrorCode::invalid_engine,
          "packed weights: the form '{}' is not one of a Winograd convolution. Build the engine "
          "again",
          text);
  return form;
}

Tensor transform_weights(const Tensor& weights, const WinogradForm& form) {
  Tensor result(ElementType::float32, {form.elements()});
  auto* to = result.view().as<float>();
  const int64_t step = form.inputs * form.columns;
  for (int64_t o = 0; o < form.outputs; ++o)
    for (int64_t i = 0; i < form.inputs; ++i) {
      const float* window = weights.as<float>() + (o * form.inputs + i) * 9;
      float* first = to + place_of(form, o, 0, i);
      if (form.tile == 2)
        transform(g2, window, first, step);
      else
        transform(g4, window, first, step);
    }
  return result;
}

Tensor change_columns(const Tensor& transformed, const WinogradForm& from, const WinogradForm& to) {
  Tensor result(ElementType::float32, {to.elements()});
  for (int64_t o = 0; o < from.outputs; ++o)
    for (int64_t place = 0; place < from.places(); ++place)
      for (int64_t i = 0; i < from.inputs; ++i)
        result.view().as<float>()[place_of(to, o, place, i)] =
            transformed.as<float>()[place_of(from, o, place, i)];
  return result;
}

}  // namespace cermet::cpu
