// Weights of direct convolutions in panels.
#pragma once

#include <string>
#include <string_view>

#include "cermet/tensor.h"

namespace cermet::cpu {

// w[group][panel][tap][channel][j] of the group's result `panel * columns + j`, 0 behind the last.
struct ConvolutionForm {
  int64_t columns = 32;
  int64_t groups = 1;
  int64_t outputs = 0, inputs = 0;  // of a group
  int64_t taps = 0;                 // elements of the window, row by row

  int64_t panels() const { return (outputs + columns - 1) / columns; }
  int64_t panel_elements() const { return taps * inputs * columns; }
  int64_t elements() const { return groups * panels() * panel_elements(); }
  bool operator==(const ConvolutionForm&) const = default;

  // "panels of 32, 1 groups of 64x3x49"
  std::string to_string() const;
  // Throws invalid_engine.
  static ConvolutionForm parse(std::string_view text);
};

// From weights [groups * outputs, inputs, window...].
Tensor pack_panels(const Tensor& weights, const ConvolutionForm& form);
// Between forms that differ in columns only.
Tensor change_columns(const Tensor& packed, const ConvolutionForm& from, const ConvolutionForm& to);

}  // namespace cermet::cpu
