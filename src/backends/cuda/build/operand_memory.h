// How operands lie in memory, as sizes that may be symbols.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "problem/problem.h"

namespace cermet::cuda {

// Dimensions in the order in which they lie, outermost first.
std::vector<size_t> memory_order(const Layout& layout, size_t rank);
// In elements, by dimension of the tensor.
Dims strides_of(const Dims& dims, const Layout& layout);
// An axis that may count from the end.
size_t axis_of(int64_t axis, size_t rank);
// Whether the problem has the input, which may be left out.
bool has_input(const Problem& problem, size_t i);

}  // namespace cermet::cuda
