// Shapes and layouts of Cermet as descriptions that oneDNN understands.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include "expr/layout.h"

namespace cermet::cpu::onednn {

using Descriptor = dnnl::memory::desc;

// The process's one CPU engine.
const dnnl::engine& cpu_engine();

// float32 elements under an unblocked layout. A scalar has one dimension of size 1.
Descriptor describe(const Shape& shape, const Layout& layout = {});
// float32 elements with these strides.
Descriptor describe_strided(const Shape& shape, const std::vector<int64_t>& strides);
// oneDNN chooses the layout.
Descriptor describe_any(const Shape& shape);
Descriptor describe_channels_last(const Shape& shape);

// The shape with leading dimensions of size 1 up to `rank`; strides follow.
Descriptor describe_aligned(const Shape& shape, const Layout& layout, size_t rank);

// Whether both place every element at the same offset; strides of dimensions of size 1 don't count.
bool same_places(const Descriptor& a, const Descriptor& b);

}  // namespace cermet::cpu::onednn
