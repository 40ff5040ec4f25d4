// The inner product of the convolutions: weights times a panel of gathered image elements.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace cermet {

// Positions that a panel holds; a fixed number lets the compiler vectorise.
inline constexpr int64_t panel_width = 64;

// panel[k * panel_width + i]: element k of the patch at the panel's position i.
using Panel = std::vector<double>;

// For each row m < rows: store(m, sums) with sums[i] = sum over k < depth of
// weights[m * row_stride + k * column_stride] * panel[k * panel_width + i].
template <class Store>
void multiply_panel(const double* weights, int64_t row_stride, int64_t column_stride, int64_t rows,
                    int64_t depth, const Panel& panel, Store&& store) {
  constexpr int64_t block = 4;
  for (int64_t m = 0; m < rows; m += block) {
    const int64_t used = std::min(block, rows - m);
    std::array<std::array<double, panel_width>, block> sums{};
    for (int64_t k = 0; k < depth; ++k) {
      const double* column = panel.data() + k * panel_width;
      std::array<double, block> w{};
      for (int64_t j = 0; j < used; ++j) w[j] = weights[(m + j) * row_stride + k * column_stride];
      for (int64_t i = 0; i < panel_width; ++i)
        for (int64_t j = 0; j < block; ++j) sums[j][i] += w[j] * column[i];
    }
    for (int64_t j = 0; j < used; ++j) store(m + j, sums[j].data());
  }
}

}  // namespace cermet
