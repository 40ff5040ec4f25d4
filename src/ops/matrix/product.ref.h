// The plain matrix product that the matrix operators share.
#pragma once

#include <cstdint>

namespace cermet {

// c[i, j] += sum over p of a[i, p] * b[p, j]; all row-major and dense. Rows of c are computed four
// at a time so that each row of b is read once for them.
template <class T>
void add_product(const T* a, const T* b, T* c, int64_t rows, int64_t depth, int64_t columns) {
  int64_t i = 0;
  for (; i + 4 <= rows; i += 4) {
    T* c0 = c + i * columns;
    T* c1 = c0 + columns;
    T* c2 = c1 + columns;
    T* c3 = c2 + columns;
    for (int64_t p = 0; p < depth; ++p) {
      const T* row = b + p * columns;
      const T a0 = a[i * depth + p];
      const T a1 = a[(i + 1) * depth + p];
      const T a2 = a[(i + 2) * depth + p];
      const T a3 = a[(i + 3) * depth + p];
      for (int64_t j = 0; j < columns; ++j) {
        const T v = row[j];
        c0[j] += a0 * v;
        c1[j] += a1 * v;
        c2[j] += a2 * v;
        c3[j] += a3 * v;
      }
    }
  }
  for (; i < rows; ++i)
    for (int64_t p = 0; p < depth; ++p) {
      const T* row = b + p * columns;
      const T factor = a[i * depth + p];
      for (int64_t j = 0; j < columns; ++j) c[i * columns + j] += factor * row[j];
    }
}

}  // namespace cermet
