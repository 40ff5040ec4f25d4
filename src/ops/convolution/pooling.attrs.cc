#include "ops/convolution/pooling.attrs.h"

#include "base/error.h"

namespace cermet {

int64_t norm_exponent(const Attributes& attributes) {
  const int64_t p = attributes.integer("p", 2);
  require(p >= 1, ErrorCode::invalid_model, "attribute p: expected at least 1, got {}", p);
  return p;
}

PoolingAttributes PoolingAttributes::from(const Attributes& attributes) {
  PoolingAttributes result;
  result.window = Window::from(attributes);
  result.ceil_mode = attributes.integer("ceil_mode", 0) != 0;
  result.count_include_pad = attributes.integer("count_include_pad", 0) != 0;
  result.column_major_indices = attributes.integer("storage_order", 0) != 0;
  result.p = norm_exponent(attributes);
  return result;
}

}  // namespace cermet
