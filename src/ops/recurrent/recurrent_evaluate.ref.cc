// Reference kernels of RNN, GRU and LSTM: one walk along the sequences, three kinds of cells.
#include <algorithm>

#include "base/scalar.h"
#include "ops/recurrent/recurrent.attrs.h"
#include "ops/recurrent/recurrent.ref.h"

namespace cermet {
namespace {

enum : size_t { input_x, input_w, input_r, input_b, input_lengths, input_h, input_c, input_p };

// [rows, columns] as [columns, rows].
std::vector<double> transposed(const double* matrix, int64_t rows, int64_t columns) {
  std::vector<double> result(static_cast<size_t>(rows * columns));
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) result[j * rows + i] = matrix[i * columns + j];
  return result;
}

// to[i, :] = start + sum over k of a[i, k] * matrix[k, :]; a is [rows, depth], to [rows, width].
// Rows go in blocks, so that the matrix is read less often.
void multiply(const double* a, int64_t rows, int64_t depth, const double* matrix, int64_t width,
              const double* start, double* to) {
  constexpr int64_t block = 8;
  for (int64_t first = 0; first < rows; first += block) {
    const int64_t end = std::min(first + block, rows);
    for (int64_t i = first; i < end; ++i) std::copy_n(start, width, to + i * width);
    for (int64_t k = 0; k < depth; ++k) {
      const double* row = matrix + k * width;
      for (int64_t i = first; i < end; ++i) {
        const double factor = a[i * depth + k];
        double* sums = to + i * width;
        for (int64_t j = 0; j < width; ++j) sums[j] += factor * row[j];
      }
    }
  }
}

// One direction's parameters.
struct Weights {
  std::vector<double> w;  // [features, gates * hidden]
  std::vector<double> r;  // [hidden, gates * hidden]
  const double* input_bias;
  const double* recurrent_bias;
  const double* peepholes;  // [3 * hidden]
};

// What a cell reads and writes at one step of one sequence.
struct Step {
  const double* x;  // gates of the input: x * W^T + Wb
  const double* r;  // gates of the hidden state: h * R^T + Rb
  double* h;        // the hidden state, replaced
  double* c;        // LSTM: the cell state, replaced
};

struct Network {
  RecurrentAttributes attributes;
  RecurrentCell cell;
  int64_t length, batch, features, hidden, gates;  // gates: rows of the stacked weights
  std::vector<double> x, w, r, bias, h, c, peepholes;
  std::vector<int64_t> lengths;

  int64_t directions() const { return attributes.directions(); }
  // Row of x, of Y (times hidden) and of the states (times hidden).
  int64_t input_row(int64_t t, int64_t b) const {
    return attributes.batch_first ? b * length + t : t * batch + b;
  }
  int64_t output_row(int64_t t, int64_t d, int64_t b) const {
    return attributes.batch_first ? (b * length + t) * directions() + d
                                  : (t * directions() + d) * batch + b;
  }
  int64_t state_row(int64_t d, int64_t b) const {
    return attributes.batch_first ? b * directions() + d : d * batch + b;
  }
  Weights weights(int64_t d) const {
    return {transposed(w.data() + d * gates * features, gates, features),
            transposed(r.data() + d * gates * hidden, gates, hidden), bias.data() + d * 2 * gates,
            bias.data() + (2 * d + 1) * gates, peepholes.data() + d * 3 * hidden};
  }
  // Activation i of direction d.
  double activate(int64_t d, size_t i, double value) const {
    if (attributes.clip) value = std::clamp(value, -*attributes.clip, *attributes.clip);
    return attributes.activations[static_cast<size_t>(d) * activation_count(cell) + i](value);
  }
};

std::vector<double> load_or_zeros(const EvalContext& context, size_t i, int64_t count) {
  if (!context.has_input(i)) return std::vector<double>(static_cast<size_t>(count), 0.0);
  return load_all<double>(context.input(i));
}

Network open(EvalContext& context, RecurrentCell cell) {
  context.inferred(0);  // the operands' sizes agree
  Network net;
  net.attributes = RecurrentAttributes::from(context.attributes(), cell);
  net.cell = cell;
  const Shape& x = context.input(input_x).shape;
  net.length = x[net.attributes.batch_first ? 1 : 0];
  net.batch = x[net.attributes.batch_first ? 0 : 1];
  net.features = x[2];
  net.hidden = context.input(input_r).shape[2];
  net.gates = net.hidden * gate_count(cell);
  const int64_t states = net.directions() * net.batch * net.hidden;
  net.x = load_all<double>(context.input(input_x));
  net.w = load_all<double>(context.input(input_w));
  net.r = load_all<double>(context.input(input_r));
  net.bias = load_or_zeros(context, input_b, net.directions() * 2 * net.gates);
  net.h = load_or_zeros(context, input_h, states);
  const bool lstm = cell == RecurrentCell::lstm;
  net.c = lstm ? load_or_zeros(context, input_c, states) : std::vector<double>(net.h.size());
  net.peepholes.assign(static_cast<size_t>(net.directions() * 3 * net.hidden), 0.0);
  if (lstm && context.has_input(input_p)) net.peepholes = load_all<double>(context.input(input_p));
  net.lengths.assign(static_cast<size_t>(net.batch), net.length);
  if (context.has_input(input_lengths)) net.lengths = context.integers(input_lengths);
  for (const int64_t length : net.lengths)
    context.require(length >= 0 && length <= net.length,
                    "sequence_lens: expected lengths from 0 to {}, got {}", net.length, length);
  return net;
}

void rnn_step(const Network& net, const Weights&, int64_t d, const Step& step) {
  for (int64_t j = 0; j < net.hidden; ++j) step.h[j] = net.activate(d, 0, step.x[j] + step.r[j]);
}

// Gates in the order update, reset, hidden.
void gru_step(const Network& net, const Weights& weights, int64_t d, const Step& step) {
  const int64_t n = net.hidden;
  std::vector<double> candidate(static_cast<size_t>(n));
  std::vector<double> reset(static_cast<size_t>(n));
  for (int64_t j = 0; j < n; ++j) reset[j] = net.activate(d, 0, step.x[n + j] + step.r[n + j]);
  if (net.attributes.linear_before_reset) {
    for (int64_t j = 0; j < n; ++j) candidate[j] = reset[j] * step.r[2 * n + j];
  } else {
    std::copy_n(weights.recurrent_bias + 2 * n, n, candidate.begin());
    for (int64_t k = 0; k < n; ++k) {
      const double factor = reset[k] * step.h[k];
      const double* row = weights.r.data() + k * net.gates + 2 * n;
      for (int64_t j = 0; j < n; ++j) candidate[j] += factor * row[j];
    }
  }
  for (int64_t j = 0; j < n; ++j) {
    const double update = net.activate(d, 0, step.x[j] + step.r[j]);
    const double fresh = net.activate(d, 1, step.x[2 * n + j] + candidate[j]);
    step.h[j] = (1 - update) * fresh + update * step.h[j];
  }
}

// Gates in the order input, output, forget, cell; peepholes in the order input, output, forget.
void lstm_step(const Network& net, const Weights& weights, int64_t d, const Step& step) {
  const int64_t n = net.hidden;
  const double* p = weights.peepholes;
  for (int64_t j = 0; j < n; ++j) {
    const auto gate = [&](int64_t i) { return step.x[i * n + j] + step.r[i * n + j]; };
    const double in = net.activate(d, 0, gate(0) + p[j] * step.c[j]);
    const double forget = net.attributes.input_forget
                              ? 1 - in
                              : net.activate(d, 0, gate(2) + p[2 * n + j] * step.c[j]);
    step.c[j] = forget * step.c[j] + in * net.activate(d, 1, gate(3));
    const double out = net.activate(d, 0, gate(1) + p[n + j] * step.c[j]);
    step.h[j] = out * net.activate(d, 2, step.c[j]);
  }
}

using StepFunction = void (*)(const Network&, const Weights&, int64_t, const Step&);

// Walks the sequences in direction d; y gets the hidden states (zeros after a sequence's end),
// net.h and net.c the last ones.
void walk(Network& net, int64_t d, StepFunction advance, std::vector<double>& y) {
  const Weights weights = net.weights(d);
  const int64_t n = net.hidden;
  std::vector<double> from_input(static_cast<size_t>(net.length * net.batch * net.gates));
  multiply(net.x.data(), net.length * net.batch, net.features, weights.w.data(), net.gates,
           weights.input_bias, from_input.data());
  std::vector<double> h(static_cast<size_t>(net.batch * n));
  std::vector<double> from_state(static_cast<size_t>(net.batch * net.gates));
  for (int64_t b = 0; b < net.batch; ++b)
    std::copy_n(net.h.begin() + net.state_row(d, b) * n, n, h.begin() + b * n);
  for (int64_t s = 0; s < net.length; ++s) {
    multiply(h.data(), net.batch, n, weights.r.data(), net.gates, weights.recurrent_bias,
             from_state.data());
    for (int64_t b = 0; b < net.batch; ++b) {
      if (s >= net.lengths[b]) continue;
      const int64_t t = net.attributes.is_backward(d) ? net.lengths[b] - 1 - s : s;
      advance(
          net, weights, d,
          {from_input.data() + net.input_row(t, b) * net.gates, from_state.data() + b * net.gates,
           h.data() + b * n, net.c.data() + net.state_row(d, b) * n});
      std::copy_n(h.begin() + b * n, n, y.begin() + net.output_row(t, d, b) * n);
    }
  }
  for (int64_t b = 0; b < net.batch; ++b)
    std::copy_n(h.begin() + b * n, n, net.h.begin() + net.state_row(d, b) * n);
}

void evaluate_recurrent(EvalContext& context, RecurrentCell cell, StepFunction advance) {
  Network net = open(context, cell);
  std::vector<double> y(static_cast<size_t>(net.length * net.directions() * net.batch * net.hidden),
                        0.0);
  for (int64_t d = 0; d < net.directions(); ++d) walk(net, d, advance, y);
  const std::vector<double>* results[] = {&y, &net.h, &net.c};
  const size_t outputs = cell == RecurrentCell::lstm ? 3 : 2;
  for (size_t i = 0; i < std::min(outputs, context.output_count()); ++i)
    if (context.wants_output(i)) store_all(context.output(i), *results[i]);
}

}  // namespace

void evaluate_rnn(EvalContext& context) {
  evaluate_recurrent(context, RecurrentCell::rnn, rnn_step);
}
void evaluate_gru(EvalContext& context) {
  evaluate_recurrent(context, RecurrentCell::gru, gru_step);
}
void evaluate_lstm(EvalContext& context) {
  evaluate_recurrent(context, RecurrentCell::lstm, lstm_step);
}

}  // namespace cermet
