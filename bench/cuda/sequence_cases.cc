#include "bench/cuda/operator_cases.h"

namespace cermet::bench {
namespace {

using enum ElementType;
using enum ProblemKind;

OperatorCase product(const char* name, const char* tactic, ElementType type, const Shape& left,
                     const Shape& right, const char* op = "MatMul") {
  return {.name = name,
          .tactic = tactic,
          .kind = matmul,
          .op = op,
          .inputs = {data(type, left), weights(type, right)}};
}

void add_matrices(OperatorCases& to, const Sizes& size) {
  const int64_t rows = size(4096, 64), columns = size(3072, 128), depth = size(768, 64);
  const Shape left{rows, depth}, right{depth, columns};
  to.push_back(product("product of BERT by wgmma", "cuda.gemm_warpgroup", float16, left, right));
  to.push_back(product("product of BERT by mma", "cuda.gemm", float16, left, right));
  to.push_back(product("product of BERT by cuBLASLt", "cublaslt.gemm", float16, left, right));
  to.push_back(product("product of BERT in TF32", "cuda.gemm", float32, left, right));
  to.push_back(product("product of BERT in float32", "cuda.gemm_fma", float32, left, right));
  to.push_back(
      product("product of BERT of bytes", "cuda.gemm_bytes", int8, left, right, "MatMulInteger"));
  to.push_back(product("product of a row of Llama", "cuda.gemv", float16, {1, size(4096, 64)},
                       {size(4096, 64), size(14336, 128)}));
  to.push_back(product("plain product of int32", "cuda.plain_product", int32,
                       {size(512, 24), size(512, 20)}, {size(512, 20), size(512, 18)}));
}

OperatorCase attention_case(const char* name, const char* tactic, ElementType type, int64_t batch,
                            int64_t length) {
  const Shape shape{batch, 12, length, 64};
  return {.name = name,
          .tactic = tactic,
          .kind = attention,
          .op = "Attention",
          .inputs = {data(type, shape), data(type, shape), data(type, shape)}};
}

void add_sequences(OperatorCases& to, const Sizes& size) {
  to.push_back(
      attention_case("attention of BERT", "cuda.attention", float16, size(32, 1), size(128, 17)));
  to.push_back(attention_case("attention of BERT in float32", "cuda.attention-exact", float32,
                              size(8, 1), size(128, 9)));
  const int64_t length = size(2048, 9);
  to.push_back({.name = "rotary embedding of Llama",
                .tactic = "cuda.rotary",
                .op = "RotaryEmbedding",
                .inputs = {data(float16, {1, size(32, 2), length, 128}),
                           data(float16, {1, length, 64}), data(float16, {1, length, 64})}});
  const int64_t hidden = size(128, 16);
  const int64_t steps = size(64, 3), batch = size(16, 2);
  for (const auto& [op, gates] : {std::pair{"LSTM", 4}, std::pair{"GRU", 3}})
    to.push_back({.name = std::string("recurrent: ") + op + " of silero-vad",
                  .tactic = "cuda.recurrent",
                  .op = op,
                  .inputs = {data(float32, {steps, batch, hidden}),
                             weights(float32, {1, gates * hidden, hidden}),
                             weights(float32, {1, gates * hidden, hidden}),
                             weights(float32, {1, 2 * gates * hidden})},
                  .attributes = {{"hidden_size", hidden}},
                  .outputs = op == std::string_view("LSTM") ? size_t{3} : size_t{2}});
}

}  // namespace

void add_products(OperatorCases& to, const Sizes& size) {
  add_matrices(to, size);
  add_sequences(to, size);
}

void add_selections(OperatorCases& to, const Sizes& size) {
  to.push_back(
      {.name = "scan: CumSum of probabilities",
       .tactic = "cuda.scan",
       .op = "CumSum",
       .inputs = {data(float32, {size(64, 2), size(128256, 300)}), numbers(int64, {}, {1})}});
  to.push_back({.name = "topk: 300 of RT-DETR's 8400 scores",
                .tactic = "cuda.topk",
                .op = "TopK",
                .inputs = {data(float32, {size(32, 1), size(8400, 90)}),
                           numbers(int64, {1}, {static_cast<double>(size(300, 5))})},
                .outputs = 2});
  to.push_back({.name = "topk: 50 of Llama's 128256 words",
                .tactic = "cuda.topk",
                .op = "TopK",
                .inputs = {data(float32, {size(8, 1), size(128256, 200)}),
                           numbers(int64, {1}, {static_cast<double>(size(50, 5))})},
                .outputs = 2});
  to.push_back({.name = "DFT of 1024 samples",
                .tactic = "cuda.dft",
                .op = "DFT",
                .inputs = {data(float32, {size(128, 2), size(1024, 30), 1})},
                .attributes = {{"onesided", 1}}});
  to.push_back({.name = "STFT of Whisper: 30 s in frames of 400",
                .tactic = "cuda.dft",
                .op = "STFT",
                .inputs = {data(float32, {1, size(480240, 800), 1}), numbers(int64, {}, {160}),
                           data(float32, {400})}});
  to.push_back({.name = "NonZero of a mask",
                .tactic = "cuda.nonzero",
                .op = "PaddedNonZero",
                .inputs = {random_integers(boolean, {size(1024, 8), size(1024, 20)}, 2)},
                .outputs = 2,
                .domain = "cermet"});
  const int64_t classes = size(80, 2), boxes = size(1000, 20);
  OperandSpec corners = data(float32, {1, boxes, 4}), scores = data(float32, {1, classes, boxes});
  corners.range = {0, 640};
  scores.range = {0, 1};
  to.push_back(
      {.name = "NonMaxSuppression of YOLO",
       .tactic = "cuda.suppression",
       .op = "PaddedNonMaxSuppression",
       .inputs = {corners, scores, numbers(int64, {1}, {static_cast<double>(size(100, 5))}),
                  numbers(float32, {1}, {0.5}), numbers(float32, {1}, {0.25})},
       .outputs = 2,
       .domain = "cermet"});
}

}  // namespace cermet::bench
