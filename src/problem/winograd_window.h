// Windows of 3 x 3 as Winograd's algorithm multiplies them: a tile of m x m results is m + 2 by
// m + 2 products of a transformed patch and a transformed window.
#pragma once

#include <cstdint>

namespace cermet {

// Writes the (m + 2)^2 numbers of the transformed window, row by row, to to[place * step]; m is 2
// or 4. `window`: 9 numbers. T is float or double; computed in double.
//
// The points of interpolation are 0, 1, -1 and infinity for m = 2 and 0, 3/4, -3/4, 3/2, -3/2 and
// infinity for m = 4, so the transforms of one dimension that belong to it are, for m = 2,
//   patch  d0 - d2, d1 + d2, d2 - d1, d1 - d3
//   tile   v0 + v1 + v2, v1 - v2 - v3
// and for m = 4, with a = 3/4 and b = 3/2,
//   patch  aabb d0 - (aa + bb) d2 + d4, (d4 - bb d2) +- (a d3 - abb d1),
//          (d4 - aa d2) +- (b d3 - aab d1), aabb d1 - (aa + bb) d3 + d5
//   tile   v0 + v1 + v2 + v3 + v4, a (v1 - v2) + b (v3 - v4), aa (v1 + v2) + bb (v3 + v4),
//          aaa (v1 - v2) + bbb (v3 - v4) + v5
template <class T>
void winograd_window(int64_t m, const T* window, T* to, int64_t step);

}  // namespace cermet
