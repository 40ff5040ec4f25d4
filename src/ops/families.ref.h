// The families of operators: each folder of src/ops lists its own operators in one table.
#pragma once

#include <span>

#include "ops/operator.ref.h"

namespace cermet {

std::span<const Operator> math_operators();           // elementwise arithmetic, casts, activations
std::span<const Operator> movement_operators();       // reshape, slice, concat, gather, pad ...
std::span<const Operator> reduction_operators();      // reductions, arg, cumulative, top-k, softmax
std::span<const Operator> matrix_operators();         // matrix products, Gemm, Einsum, attention
std::span<const Operator> convolution_operators();    // convolution, pooling, resampling, regions
std::span<const Operator> normalization_operators();  // batch, layer, instance, group, RMS, LRN
std::span<const Operator> quantization_operators();   // quantise, dequantise, integer products
std::span<const Operator> recurrent_operators();      // RNN, GRU, LSTM
std::span<const Operator> sequence_operators();       // sequences and optionals
std::span<const Operator> text_operators();           // strings
std::span<const Operator> generation_operators();     // constants, ranges, random numbers, signals
std::span<const Operator> learning_operators();       // ai.onnx.ml and training

}  // namespace cermet
