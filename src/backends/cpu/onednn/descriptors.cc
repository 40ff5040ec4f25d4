#include "backends/cpu/onednn/descriptors.h"

#include <algorithm>

#include "base/error.h"

namespace cermet::cpu::onednn {
namespace {

using Tag = dnnl::memory::format_tag;
constexpr auto f32 = dnnl::memory::data_type::f32;

}  // namespace

const dnnl::engine& cpu_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

Descriptor describe_strided(const Shape& shape, const std::vector<int64_t>& strides) {
  return Descriptor(shape, f32, strides);
}

Descriptor describe(const Shape& shape, const Layout& layout) {
  return describe_aligned(shape, layout, std::max<size_t>(shape.size(), 1));
}

Descriptor describe_any(const Shape& shape) { return Descriptor(shape, f32, Tag::any); }

Descriptor describe_channels_last(const Shape& shape) {
  return describe(shape, Layout::channels_last(static_cast<int>(shape.size())));
}

Descriptor describe_aligned(const Shape& shape, const Layout& layout, size_t rank) {
  require(layout.is_dense(), ErrorCode::internal,
          "a kernel of oneDNN was given the blocked layout {}", layout.to_string());
  Shape aligned(rank - shape.size(), 1);
  std::vector<int64_t> steps = strides(shape, layout);
  aligned.insert(aligned.end(), shape.begin(), shape.end());
  // Dimensions of size 0 or 1 get strides that a dense tensor could have.
  steps.insert(steps.begin(), rank - shape.size(), std::max<int64_t>(1, element_count(shape)));
  for (int64_t& step : steps) step = std::max<int64_t>(step, 1);
  return describe_strided(aligned, steps);
}

bool same_places(const Descriptor& a, const Descriptor& b) {
  if (a == b) return true;
  if (a.get_dims() != b.get_dims() || a.get_data_type() != b.get_data_type()) return false;
  if (a.get_format_kind() != dnnl::memory::format_kind::blocked ||
      b.get_format_kind() != dnnl::memory::format_kind::blocked)
    return false;
  if (a.get_inner_nblks() != 0 || b.get_inner_nblks() != 0 || a.get_size() != b.get_size())
    return false;
  const auto dims = a.get_dims(), left = a.get_strides(), right = b.get_strides();
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] > 1 && left[i] != right[i]) return false;
  return true;
}

}  // namespace cermet::cpu::onednn
