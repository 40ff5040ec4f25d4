// Parts of product_of().
#pragma once

#include "backends/cuda/build/kernel_writer.h"
#include "backends/cuda/build/operand_memory.h"
#include "backends/cuda/build/product.h"

namespace cermet::cuda {

// Whether `dim` is a multiple for every value of its symbols.
bool is_multiple(const Dim& dim, int64_t of);

// Whether the operator itself, not its epilogue, has input i.
bool has_own_input(const Problem& problem, size_t i);

ProductOrReason convolution_of(const TacticQuery& query, const KernelWriter& writer);

// Lines of a constant factor are padded to whole vectors by pack_right().
void pad_constant(const TacticQuery& query, Factor& factor);

// Elements padded to whole vectors.
int64_t padded_size(int64_t size, ElementType type);

// Of constant matrices [.., depth, column] or weights [filter, channel, taps..]: lines of columns
// (filters) along the depth (taps and, within them, channels), each padded to whole vectors.
Tensor lines_of_columns(const Tensor& matrices);
Tensor lines_of_taps(const Tensor& weights);

// Along which direction the factor is loaded, and how many elements at once.
void choose_pack(ElementType type, const std::optional<ProductImage>& image, Factor& factor);

}  // namespace cermet::cuda
