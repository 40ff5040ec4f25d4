// Weights of Winograd convolutions, transformed and in panels.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cermet/tensor.h"

namespace cermet::cpu {

// u[panel][place][channel][j] = (G w G')[place] of result `panel * columns + j`, 0 behind the last.
struct WinogradForm {
  int64_t tile = 4;  // m: 2 or 4
  int64_t columns = 32;
  int64_t outputs = 0, inputs = 0;

  int64_t places() const { return (tile + 2) * (tile + 2); }
  int64_t panels() const { return (outputs + columns - 1) / columns; }
  int64_t elements() const { return panels() * places() * inputs * columns; }
  bool operator==(const WinogradForm&) const = default;

  // "winograd 4 columns 32 of 64x64"
  std::string to_string() const;
  // Throws invalid_engine.
  static WinogradForm parse(std::string_view text);
};

// From weights [outputs, inputs, 3, 3]; computed in double.
Tensor transform_weights(const Tensor& weights, const WinogradForm& form);
// Between forms that differ in columns only.
Tensor change_columns(const Tensor& transformed, const WinogradForm& from, const WinogradForm& to);

}  // namespace cermet::cpu
