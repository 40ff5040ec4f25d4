// Matrix products and convolutions as the kernels of the GEMM family see them:
//   result[batch][row][column] = sum over depth of left[batch][row][depth] *
//                                                  right[batch][column][depth]
// where rows of a convolution are the window's positions, columns are filters, the depth counts
// taps and, within them, channels, and the batch is that of the groups.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tactics/tactic.h"
#include "tactics/typical_shapes.h"

namespace cermet::cuda {

// Where a factor's elements lie. Strides are in elements.
struct Factor {
  enum class Kind : uint8_t {
    dense,  // row * row_stride + depth * depth_stride
    image,  // found by Product::image
    taps,  // a convolution's weights as the graph has them: row * row_stride + channel * taps + tap
  };
  Kind kind = Kind::dense;
  size_t input = 0;
  std::optional<Dim> workspace;  // it lies there, so many bytes from the start, and is no input
  Dim row_stride = 0, depth_stride = 0;
  Dims batch_sizes, batch_strides;  // by dimension of Product::batch; a size of 1 repeats
  Dim rows, depth;                  // elements that may be read: more than there are if padded
  bool along_depth = true;  // elements lie side by side along the depth, else along the rows
  int pack = 1;             // so many of them can be loaded at once
};

// By spatial dimension, with ones in front of those that an image of less than three has not.
struct ProductImage {
  std::array<int64_t, 3> kernel{1, 1, 1}, steps{1, 1, 1}, gaps{1, 1, 1};
  std::array<Dim, 3> sizes{1, 1, 1}, positions{1, 1, 1}, padding{0, 0, 0}, strides{0, 0, 0};
  Dim item_stride, channel_stride, channels;  // channels of a group
  bool is_whole = true;                       // no window reaches beyond it
  // Windows that lie side by side: the elements of a window's line, with their channels where these
  // lie between them, count as channels of one tap. `planes_are_taps`: the channels, which lie
  // apart, count as the first spatial dimension.
  bool planes_are_taps = false;

  int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
};

// Of a product of bytes: MatMulInteger or ConvInteger, the factors less their zero points; or
// MatMulFloat8 or ConvFloat8, which have none.
struct ProductBytes {
  ElementType left = ElementType::int8, right = ElementType::int8;
  // Inputs with zero points that are not known to be 0: one of the left factor; one of the right
  // factor or one for each of its columns.
  std::optional<size_t> left_zero, right_zero;
  bool right_zero_of_column = false;
  // Of a constant right factor: where in it the sums of its columns, less zero points, lie as
  // int32, in bytes.
  std::optional<Dim> right_sums;

  bool is_float8() const { return is_floating(left); }
  // Sums that are not there when the kernel starts.
  bool sums_rows() const { return right_zero.has_value(); }
  bool sums_columns() const { return left_zero.has_value() && !right_sums; }
};

struct Product {
  ElementType type = ElementType::float32;  // of both factors; int8 for all bytes
  Dim rows, columns, depth;
  Dims batch;
  Factor left, right;
  std::optional<ProductImage> image;

  // Result element: batch * batch_stride + row * row_stride + column.
  Dim batch_stride, row_stride;
  // Which dimensions of the result (outermost first) the rows and the batch count, and which one
  // the columns; a convolution's batch counts groups of columns instead.
  std::vector<size_t> row_dimensions, batch_dimensions;
  std::optional<size_t> column_dimension;
  bool is_grouped = false;

  std::optional<ProductBytes> bytes;

  double alpha = 1, beta = 1;
  std::optional<size_t> addend;  // input that is added, times beta: Gemm's C or Conv's bias
  bool addend_is_bias = false;   // one number a column

  // In which the sums are.
  std::string_view sum_type() const { return bytes && !bytes->is_float8() ? "int" : "float"; }
  Dim batches() const { return product(batch); }
};

// Either the product or, in words, why the step is none.
struct ProductOrReason {
  std::optional<Product> product;
  std::string reason;
};
ProductOrReason product_of(const TacticQuery& query);

// The constant right factor with its rows padded to whole packs, a convolution's turned into
// [group][filter][tap][channel]; nothing where that is how it lies, or where it is not constant.
std::optional<PackedConstant> pack_right(const TacticQuery& query);

// The sizes of a product at typical shapes.
struct ProductSizes {
  int64_t batches = 1, rows = 1, columns = 1, depth = 1;
  double bytes = 0;  // of all operands and the result, each once
};
std::optional<ProductSizes> typical_sizes(const TacticQuery& query, const Product& product);

}  // namespace cermet::cuda
