#include "backends/cpu/run/winograd_weights.h"

#include <cstdio>

#include "base/error.h"
#include "problem/winograd_window.h"

namespace cermet::cpu {
namespace {

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
      winograd_window(form.tile, window, first, step);
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
