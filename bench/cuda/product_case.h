// Products, convolutions and attention of networks, as plans of one step for the GPU.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"
#include "tactics/typical_shapes.h"

namespace cermet::bench {

struct ProductCase {
  std::string name;
  ElementType type = ElementType::float16;
  int64_t m = 0, n = 0, k = 0;  // of a matrix product, with constant right factor
  // A convolution where `window` > 0: images of channels x size x size, `n` filters.
  int64_t batch = 1, channels = 0, size = 0, window = 0, stride = 1, group = 1;
  bool planes = false;  // the image is row-major, else it is channels-last as the result
  // Attention where `heads` > 0: of m queries and keys, with heads of k elements, read out of rows
  // in which queries, keys and values lie side by side.
  int64_t heads = 0;
  bool residual = false;  // what the epilogue adds; it always rectifies, but for attention
  bool gelu = false;      // instead of rectifying, in float32

  bool is_convolution() const { return window > 0; }
  bool is_attention() const { return heads > 0; }
  // Around an image; windows that lie side by side need none.
  int64_t padding() const { return stride == window ? 0 : window / 2; }
  int64_t result_size() const { return (size + 2 * padding() - window) / stride + 1; }
  double operations() const;
  double bytes() const;  // that have to be read and written at least
};

std::vector<ProductCase> product_cases();

struct ProductPlan {
  Plan plan;
  TypicalShapes shapes;
  std::vector<std::optional<Tensor>> inputs;  // row-major
};
ProductPlan plan_of(const ProductCase& what);

// How far the result, row-major, is from the exact one at some of its points, in parts of the
// largest.
double error_of(const ProductCase& what, const ProductPlan& plan, const Tensor& result);

}  // namespace cermet::bench
