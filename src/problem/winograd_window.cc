#include "problem/winograd_window.h"

#include <cstddef>

namespace cermet {
namespace {

// Rows of G: one a place of the patch, one column a place of the window. Row p of g4 is
// (1, p, p p) / the product of p - q over the other points q, of 0, 3/4, -3/4, 3/2, -3/2; the last
// one is of infinity.
constexpr double g2[4][3] = {{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}};
constexpr double g4[6][3] = {{64. / 81, 0, 0},
                             {-128. / 243, -32. / 81, -8. / 27},
                             {-128. / 243, 32. / 81, -8. / 27},
                             {32. / 243, 16. / 81, 8. / 27},
                             {32. / 243, -16. / 81, 8. / 27},
                             {0, 0, 1}};

template <size_t n, class T>
void transform(const double (&g)[n][3], const T* window, T* to, int64_t step) {
  double half[n][3] = {};
  for (size_t row = 0; row < n; ++row)
    for (size_t j = 0; j < 3; ++j)
      for (size_t i = 0; i < 3; ++i) half[row][j] += g[row][i] * window[i * 3 + j];
  for (size_t row = 0; row < n; ++row)
    for (size_t column = 0; column < n; ++column) {
      double sum = 0;
      for (size_t j = 0; j < 3; ++j) sum += half[row][j] * g[column][j];
      to[static_cast<int64_t>(row * n + column) * step] = static_cast<T>(sum);
    }
}

}  // namespace

template <class T>
void winograd_window(int64_t m, const T* window, T* to, int64_t step) {
  if (m == 2)
    transform(g2, window, to, step);
  else
    transform(g4, window, to, step);
}

template void winograd_window(int64_t, const float*, float*, int64_t);
template void winograd_window(int64_t, const double*, double*, int64_t);

}  // namespace cermet
