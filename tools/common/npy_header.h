// The header of NumPy's .npy files, versions 1 to 3.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "cermet/tensor.h"

namespace cermet::tools {

struct NpyHeader {
  char kind = 0;         // of the dtype: 'b', 'i', 'u', 'f', 'c', 'S', 'U' or 'V'
  size_t item_size = 0;  // bytes of an element
  bool fortran_order = false;
  Shape shape;
  size_t data_offset = 0;  // of the first element from the file's begin
};

// Throws invalid_argument for what is no .npy file, for object and structured arrays and for
// big-endian ones.
NpyHeader parse_npy_header(std::string_view file);

// Everything before the elements of an array in C order. `dtype` is such as "<f4"; the result's
// length is a multiple of 64.
std::string npy_header_text(std::string_view dtype, const Shape& shape);

}  // namespace cermet::tools
