#include "backends/cpu/onednn/window.h"

#include <algorithm>

namespace cermet::cpu::onednn {
namespace {

// Padding at both ends that makes `small` windows fit into `large` exactly.
int64_t total_padding(const Window& window, const dnnl::memory::dims& kernel, size_t d,
                      int64_t large, int64_t small) {
  const int64_t extent = (kernel[d] - 1) * (window.dilations[d] + 1) + 1;
  return (small - 1) * window.strides[d] + extent - large;
}

Window without_padding(const Attributes& attributes, size_t spatial) {
  Window window;
  window.strides = attributes.integers("strides", std::vector<int64_t>(spatial, 1));
  window.dilations = attributes.integers("dilations", std::vector<int64_t>(spatial, 1));
  for (int64_t& dilation : window.dilations) --dilation;
  window.begin.assign(spatial, 0);
  window.end.assign(spatial, 0);
  return window;
}

}  // namespace

Window window(const Attributes& attributes, const dnnl::memory::dims& kernel, const Shape& large,
              const Shape& small) {
  const size_t spatial = kernel.size();
  Window result = without_padding(attributes, spatial);
  const std::string automatic = attributes.text("auto_pad", "NOTSET");
  const auto pads = attributes.integers("pads", std::vector<int64_t>(2 * spatial, 0));
  for (size_t d = 0; d < spatial; ++d) {
    const int64_t total = total_padding(result, kernel, d, large[d + 2], small[d + 2]);
    if (automatic == "NOTSET")
      result.begin[d] = pads[d];
    else if (automatic == "SAME_UPPER")
      result.begin[d] = std::max<int64_t>(total, 0) / 2;
    else if (automatic == "SAME_LOWER")
      result.begin[d] = (std::max<int64_t>(total, 0) + 1) / 2;
    result.end[d] = total - result.begin[d];
  }
  return result;
}

Window transposed_window(const Attributes& attributes, const dnnl::memory::dims& kernel,
                         const Shape& input, const Shape& output) {
  const size_t spatial = kernel.size();
  Window result = without_padding(attributes, spatial);
  const std::string automatic = attributes.text("auto_pad", "NOTSET");
  const auto pads = attributes.integers("pads", std::vector<int64_t>(2 * spatial, 0));
  const auto extra = attributes.integers("output_padding", std::vector<int64_t>(spatial, 0));
  const bool divided = attributes.has("output_shape") || automatic.starts_with("SAME");
  for (size_t d = 0; d < spatial; ++d) {
    const int64_t total = total_padding(result, kernel, d, output[d + 2], input[d + 2]);
    if (divided) {
      const int64_t shared = std::max<int64_t>(total + extra[d], 0);
      result.begin[d] = automatic == "SAME_UPPER" ? shared / 2 : shared - shared / 2;
    } else if (automatic == "NOTSET") {
      result.begin[d] = pads[d];
    }
    result.end[d] = total - result.begin[d];
  }
  return result;
}

}  // namespace cermet::cpu::onednn
