// What the kernels of convolutions that are no products of matrices read of their problem alike.
#pragma once

#include <array>

#include "backends/cuda/build/operand_memory.h"
#include "backends/cuda/build/size_struct.h"

namespace cermet::cuda {

// Conv or ConvTranspose with up to three spatial dimensions, those that are missing being of size 1
// and outermost. Sizes are numbers where the problem fixes them.
struct ConvolutionSizes {
  explicit ConvolutionSizes(const KernelWriter& writer);

  struct Axis {
    Dim input = 1, output = 1, window = 1, stride = 1, dilation = 1, padding = 0;
  };
  bool transposed;
  int spatial;  // dimensions that are there
  Dim batch, groups;
  Dim channels, filters;  // of one group
  std::array<Axis, 3> axes;
  // Strides in memory, in elements: batch, channel, axes; of the weights filter, channel, axes.
  std::array<Dim, 5> input_strides, output_strides, weight_strides;
  std::string index_type;

  // All of it: batch, groups, channels, filters, input_0 .. padding_2, x_n, x_c, x_0 .. x_2, y_...,
  // w_m, w_c, w_0 .. w_2.
  SizeStruct text() const;
};

// Why the kernels of convolutions can't take the problem, in words. `takes_bytes`: integers too.
std::optional<std::string> rejects_convolution(const Problem& problem, bool takes_bytes = false);

// Whether input 2 is a bias, not an operand of the epilogue or a zero point.
bool convolution_has_bias(const Problem& problem);
// The bias' pointer, null without one.
std::string convolution_bias(KernelWriter& writer);

// A lambda "finish" in the kernel: the value of a sum in the compute type, int of bytes, at (n, m,
// o0, o1, o2) to the element that is stored, by the epilogue.
void write_finish(KernelWriter& writer, int spatial);

// Whether the layout is channels-last for operands of that rank; both are where only one order is.
bool is_channels_last(const Operand& operand);

// Microseconds for a convolution on the cores that are not tensor cores: its multiplications at the
// part `efficiency` of the card's rate, or its traffic. Negative where shapes are not known.
double convolution_us(const TacticQuery& query, double efficiency);

}  // namespace cermet::cuda
