#include "backends/cpu/run/convolution_weights.h"

#include <cstdio>

#include "base/error.h"

namespace cermet::cpu {
namespace {

int64_t place_of(const ConvolutionForm& form, int64_t group, int64_t output, int64_t tap,
                 int64_t input) {
  const int64_t panel = group * form.panels() + output / form.columns;
  return panel * form.panel_elements() + (tap * form.inputs + input) * form.columns +
         output % form.columns;
}

// to[place of an element] = from(group, output, tap, input)
template <class From>
Tensor fill(const ConvolutionForm& form, From from) {
  Tensor result(ElementType::float32, {form.elements()});
  auto* to = result.view().as<float>();
  for (int64_t group = 0; group < form.groups; ++group)
    for (int64_t output = 0; output < form.outputs; ++output)
      for (int64_t input = 0; input < form.inputs; ++input)
        for (int64_t tap = 0; tap < form.taps; ++tap)
          to[place_of(form, group, output, tap, input)] = from(group, output, tap, input);
  return result;
}

}  // namespace

std::string ConvolutionForm::to_string() const {
  return fmt::format("panels of {}, {} groups of {}x{}x{}", columns, groups, outputs, inputs, taps);
}

ConvolutionForm ConvolutionForm::parse(std::string_view text) {
  ConvolutionForm form;
  const std::string ended(text);
  int used = 0;
  const int read =
      std::sscanf(ended.c_str(), "panels of %9ld, %9ld groups of %9ldx%9ldx%9ld%n", &form.columns,
                  &form.groups, &form.outputs, &form.inputs, &form.taps, &used);
  const bool sound = read == 5 && static_cast<size_t>(used) == ended.size() && form.columns > 0 &&
                     form.columns <= 64 && form.groups > 0 && form.outputs > 0 && form.inputs > 0 &&
                     form.taps > 0 &&
                     static_cast<double>(form.groups) * static_cast<double>(form.outputs) *
                             static_cast<double>(form.inputs) * static_cast<double>(form.taps) <
                         1e15;
  require(
      sound, ErrorCode::invalid_engine,
      "packed weights: the form '{}' is not one of a direct convolution. Build the engine again",
      text);
  return form;
}

Tensor pack_panels(const Tensor& weights, const ConvolutionForm& form) {
  const auto* from = weights.as<float>();
  return fill(form, [&](int64_t group, int64_t output, int64_t tap, int64_t input) {
    return from[((group * form.outputs + output) * form.inputs + input) * form.taps + tap];
  });
}

Tensor change_columns(const Tensor& packed, const ConvolutionForm& from,
                      const ConvolutionForm& to) {
  const auto* data = packed.as<float>();
  return fill(to, [&](int64_t group, int64_t output, int64_t tap, int64_t input) {
    return data[place_of(from, group, output, tap, input)];
  });
}

}  // namespace cermet::cpu
