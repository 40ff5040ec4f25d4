// The geometry of convolution and pooling in oneDNN's terms.
#pragma once

#include "backends/cpu/onednn/descriptors.h"
#include "base/attributes.h"

namespace cermet::cpu::onednn {

// One number a spatial dimension. dilations count the elements that are left out between two taps
// (0: dense); end padding may exceed the attribute's, or be negative, so that the sizes match.
struct Window {
  dnnl::memory::dims strides, dilations, begin, end;
};

// From the `small` side (a convolution's or pooling's result) and the `large` one; shapes with
// batch and channels in front. Follows pads, auto_pad, strides and dilations.
Window window(const Attributes& attributes, const dnnl::memory::dims& kernel, const Shape& large,
              const Shape& small);
// The same for a transposed convolution, where padding also follows output_shape.
Window transposed_window(const Attributes& attributes, const dnnl::memory::dims& kernel,
                         const Shape& input, const Shape& output);

}  // namespace cermet::cpu::onednn
