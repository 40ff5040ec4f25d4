// The one loop behind operators that only move elements.
#pragma once

#include "cermet/tensor.h"

namespace cermet {

// Where a tensor's elements lie for the coordinates of a copy: element number
// offset + sum(index[d] * strides[d]). Strides may be 0 or negative.
struct Walk {
  int64_t offset = 0;
  std::vector<int64_t> strides;
};

// to[write(index)] = from[read(index)] for every index of `shape`. Element types are equal; every
// element number lies inside its tensor.
void copy_strided(const Shape& shape, const ConstTensorView& from, Walk read, const TensorView& to,
                  Walk write);
// The same where the result is written densely: `to` has `shape`.
void copy_strided(const ConstTensorView& from, Walk read, const TensorView& to);

// Sets `count` elements of `to` to element `from_index` of `from`, of the same type.
void fill_elements(const TensorView& to, int64_t first, int64_t count, const ConstTensorView& from,
                   int64_t from_index = 0);
// Zeroes (empty strings) in the whole of `to`.
void fill_zero(const TensorView& to);

}  // namespace cermet
