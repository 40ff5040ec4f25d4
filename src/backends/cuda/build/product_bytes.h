// Parts of product_of() and pack_right() for products of bytes.
#pragma once

#include "backends/cuda/build/kernel_writer.h"
#include "backends/cuda/build/product.h"

namespace cermet::cuda {

// MatMulInteger, ConvInteger, cermet.MatMulFloat8 or cermet.ConvFloat8.
bool is_product_of_bytes(const Problem& problem);

// Whether the zero points are one.
bool is_single(const Operand& zeros);
// The input with zero points, unless their numbers are known to be 0.
std::optional<size_t> zeros_at(const TacticQuery& query, size_t input);

std::optional<std::string> rejects_bytes(const TacticQuery& query);

// Zero points, and how pack_right_bytes() lays a constant right factor out.
void add_bytes(const TacticQuery& query, Product& product);

// Columns in lines of whole vectors, then, of integers, as int32 the sums of the columns less zero
// points.
PackedConstant pack_right_bytes(const TacticQuery& query);

// Constants of a kernel's Tile for products of bytes; nothing for others.
std::string byte_constants(const Product& product);
// Statements that take off what zero points add to `sums`, as far as the right factor's own sums
// don't say it.
std::string centre_bytes(KernelWriter& writer, const Product& product);
// Four elements outside of an image, as a word: zero points of a product of bytes.
std::string outside_of_image(KernelWriter& writer, const Product& product);
// Statements that declare what byte_sum() needs in each of a pack of columns, and before.
std::string byte_operands(KernelWriter& writer, const Product& product);
// Of the integers' sum `values[j]` at `column` + j the product less zero points, as unsigned.
std::string byte_sum(KernelWriter& writer, const Product& product);

}  // namespace cermet::cuda
