// What the sources of all kernels for products say alike.
#pragma once

#include <string>

#include "backends/cuda/build/kernel_writer.h"
#include "backends/cuda/build/product.h"

namespace cermet::cuda {

// The type Index of a kernel's offsets: int where no operand has 2^31 elements.
std::string_view index_type_of(const KernelWriter& writer);
// A size as an Index.
std::string index_text(KernelWriter& writer, const Dim& dim);
// Statements that name the coordinates batch0, batch1 ... of Index `batch`.
std::string batch_coordinates(KernelWriter& writer, const Product& product);
// A pointer to the first element of the batch's matrix; batch_coordinates() come before.
std::string matrix_text(KernelWriter& writer, const Product& product, const Factor& factor);

}  // namespace cermet::cuda
