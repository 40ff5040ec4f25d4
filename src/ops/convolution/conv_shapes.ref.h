// What the inference and the kernels of the convolutions share about operands.
#pragma once

#include <optional>

#include "ops/evaluate.ref.h"
#include "ops/infer.ref.h"

namespace cermet {

// The spatial sizes of weights (input `weights`), or nothing when their rank is unknown.
std::optional<Dims> kernel_of_weights(const InferContext& context, size_t weights);

// The rank of the image (input 0) told by itself or by the weights (input 1), or nothing. Refuses
// images without batch and channels and ranks that differ.
std::optional<int> convolution_rank(const InferContext& context);

// Inference of Conv, for operators whose bias is input `bias`.
void infer_convolution(InferContext& context, size_t bias);

// Whether two sizes may be equal: false only when both are constant and differ.
bool may_equal(const Dim& a, const Dim& b);

Shape spatial(const Shape& shape);  // shape[2:]
Dims spatial(const Dims& dims);

// Elements of input i, or zeros where it is absent.
std::vector<double> load_or_zeros(const EvalContext& context, size_t i, int64_t count);

}  // namespace cermet
