// What a Resize does along each dimension, as far as it is known when the kernel is made.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/cuda/build/moved_operands.h"
#include "ops/convolution/resize.attrs.h"

namespace cermet::cuda {

// One dimension, in the order of the result's memory.
struct ResizedDimension {
  Dim input, output;
  Dim stride;            // of the image, in elements
  bool resized = false;  // else elements keep their places
  int taps = 1;
  std::optional<double> scale;  // nothing: the quotient of the sizes
  double roi_begin = 0, roi_end = 1;
  std::optional<ResizeTable> table;  // where sizes are numbers and the table is small
};

struct ResizePlan {
  ResizeAttributes attributes;
  std::vector<ResizedDimension> dimensions;
  bool crops = false;  // elements may lie outside of the image

  bool blends() const { return attributes.mode != ResizeMode::nearest; }
  static ResizePlan of(const TacticQuery& query);
};

// Why the inputs tell too little, in words.
std::optional<std::string> rejects_resize(const TacticQuery& query);

}  // namespace cermet::cuda
