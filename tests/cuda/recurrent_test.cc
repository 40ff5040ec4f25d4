// RNN, GRU and LSTM on the GPU.
#include "tests/cuda/device_case.h"

namespace cermet {
namespace {

using namespace testing;
using enum ElementType;

struct Case {
  std::string op = "LSTM";
  ElementType type = float32;
  int64_t length = 5, batch = 3, features = 7, hidden = 6;
  std::string direction = "forward";
  bool bias = true, states = true, lengths = false, peepholes = false;
  bool constant = true;  // weights
  Attributes attributes = {};
  std::vector<int64_t> given_lengths = {};
};

int64_t gates_of(const std::string& op) { return op == "LSTM" ? 4 : op == "GRU" ? 3 : 1; }

KernelCase made(const Case& what) {
  const int64_t directions = what.direction == "bidirectional" ? 2 : 1;
  const int64_t gates = gates_of(what.op) * what.hidden;
  const bool batch_first = what.attributes.integer("layout", 0) == 1;
  const auto random = [&](Shape shape, uint32_t seed) {
    return random_tensor(what.type, std::move(shape), -1, 1, seed);
  };
  const Shape state = batch_first ? Shape{what.batch, directions, what.hidden}
                                  : Shape{directions, what.batch, what.hidden};
  std::vector<std::optional<Tensor>> inputs{
      random(batch_first ? Shape{what.batch, what.length, what.features}
                         : Shape{what.length, what.batch, what.features},
             1),
      random({directions, gates, what.features}, 2), random({directions, gates, what.hidden}, 3)};
  inputs.resize(what.op == "LSTM" ? 8 : 6);
  if (what.bias) inputs[3] = random({directions, 2 * gates}, 4);
  if (what.lengths)
    inputs[4] = random_tensor(int32, {what.batch}, 0, static_cast<double>(what.length) + 1, 5);
  if (what.states) inputs[5] = random(state, 6);
  if (what.states && what.op == "LSTM") inputs[6] = random(state, 7);
  if (what.peepholes) inputs[7] = random({directions, 3 * what.hidden}, 8);
  Attributes attributes = what.attributes;
  attributes.set("direction", what.direction);
  attributes.set("hidden_size", what.hidden);
  KernelCase result =
      kernel_case(ProblemKind::reference, what.op, std::move(inputs), std::move(attributes));
  result.constant = {false, what.constant, what.constant};
  result.output_count = what.op == "LSTM" ? 3 : 2;
  return result;
}

void check(const Case& what) {
  const Tolerance tolerance = what.type == float64   ? Tolerance{1e-10, 1e-10}
                              : what.type == float32 ? Tolerance{1e-4, 2e-5}
                              : what.type == float16 ? Tolerance{2e-3, 2e-3}
                                                     : Tolerance{1e-2, 1e-2};
  expect_same_on_device(made(what), cuda_tactic("cuda.recurrent"), tolerance);
}

TEST(CudaRecurrent, CellsAndDirections) {
  for (const char* op : {"RNN", "GRU", "LSTM"})
    for (const char* direction : {"forward", "reverse", "bidirectional"})
      check({.op = op, .direction = direction});
}

TEST(CudaRecurrent, LengthsAndBatchFirst) {
  for (const char* op : {"RNN", "GRU", "LSTM"}) {
    Case what{.op = op, .direction = "bidirectional", .lengths = true};
    check(what);
    what.attributes.set("layout", int64_t{1});
    check(what);
  }
}

TEST(CudaRecurrent, AttributesOfCells) {
  Case gru{.op = "GRU", .direction = "bidirectional"};
  gru.attributes.set("linear_before_reset", int64_t{1});
  check(gru);
  gru.bias = gru.states = false;
  check(gru);
  Case lstm{.direction = "bidirectional", .peepholes = true};
  check(lstm);
  lstm.attributes.set("input_forget", int64_t{1});
  lstm.attributes.set("clip", 0.5);
  check(lstm);
}

TEST(CudaRecurrent, Activations) {
  for (const char* name : {"Relu", "Affine", "LeakyRelu", "ThresholdedRelu", "ScaledTanh",
                           "HardSigmoid", "Elu", "Softsign", "Softplus"}) {
    Case what{.op = "RNN", .length = 3, .direction = "bidirectional"};
    what.attributes.set("activations", std::vector<std::string>{name, "Tanh"});
    what.attributes.set("activation_alpha", std::vector<double>{0.4});
    what.attributes.set("activation_beta", std::vector<double>{0.3});
    check(what);
  }
}

TEST(CudaRecurrent, Types) {
  for (ElementType type : {float64, float16, bfloat16})
    for (const char* op : {"GRU", "LSTM"}) check({.op = op, .type = type});
}

TEST(CudaRecurrent, Sizes) {
  check({.length = 3, .batch = 5, .features = 70, .hidden = 65});
  check({.length = 2, .batch = 1, .features = 20, .hidden = 160});
  check({.op = "GRU", .length = 2, .batch = 9, .features = 3, .hidden = 1});
  check({.op = "RNN", .length = 1, .batch = 2, .features = 1, .hidden = 700});
  // More than shared memory holds for eight items.
  check({.length = 1, .batch = 9, .features = 1, .hidden = 520});
}

TEST(CudaRecurrent, ComputedWeights) {
  KernelCase what = made({.hidden = 8, .constant = false});
  expect_same_on_device(what, cuda_tactic("cuda.recurrent"), {1e-4, 2e-5});
}

TEST(CudaRecurrent, NothingToCompute) {
  check({.length = 0});
  check({.op = "GRU", .batch = 0});
  check({.features = 0});
}

}  // namespace
}  // namespace cermet
