// Attributes of RNN, GRU and LSTM.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/attributes.h"

namespace cermet {

enum class RecurrentCell : uint8_t { rnn, gru, lstm };

// Gates whose weights are stacked, and activations that one direction has.
constexpr int64_t gate_count(RecurrentCell cell) {
  return cell == RecurrentCell::lstm ? 4 : cell == RecurrentCell::gru ? 3 : 1;
}
constexpr size_t activation_count(RecurrentCell cell) {
  return cell == RecurrentCell::lstm ? 3 : cell == RecurrentCell::gru ? 2 : 1;
}

struct RecurrentActivation {
  double (*function)(double x, double alpha, double beta) = nullptr;
  double alpha = 0;
  double beta = 0;
  const char* name = "";  // as ONNX spells it

  double operator()(double x) const { return function(x, alpha, beta); }
};

struct RecurrentAttributes {
  bool forward = true;  // at least one of both
  bool backward = false;
  bool batch_first = false;  // layout 1
  bool linear_before_reset = false;
  bool input_forget = false;
  std::optional<double> clip;  // of every activation's argument, to [-clip, clip]
  std::optional<int64_t> hidden_size;
  // activation_count for each direction, in the order of the equations (f, g, h).
  std::vector<RecurrentActivation> activations;

  static RecurrentAttributes from(const Attributes& attributes, RecurrentCell cell);

  int64_t directions() const { return forward && backward ? 2 : 1; }
  // Whether direction d (0 or 1) reads the sequence from its end.
  bool is_backward(int64_t d) const { return d == 1 || !forward; }
};

}  // namespace cermet
