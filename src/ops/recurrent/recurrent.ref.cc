#include "ops/recurrent/recurrent.ref.h"

#include "ops/families.ref.h"

namespace cermet {

std::span<const Operator> recurrent_operators() {
  static constexpr Operator operators[] = {
      {"RNN", infer_rnn, evaluate_rnn},
      {"GRU", infer_gru, evaluate_gru},
      {"LSTM", infer_lstm, evaluate_lstm},
  };
  return operators;
}

}  // namespace cermet
