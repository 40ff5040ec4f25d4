// DeformConv: a convolution whose taps are moved by offsets and weighed by a mask; values between
// elements are interpolated linearly, those outside of the image are zero.
#include <cmath>

#include "base/scalar.h"
#include "ops/convolution/conv_shapes.ref.h"
#include "ops/convolution/convolution.attrs.h"
#include "ops/convolution/convolution.ref.h"
#include "ops/convolution/patch_product.ref.h"
#include "ops/convolution/window_taps.ref.h"

namespace cermet {
namespace {

enum : size_t { image, weights, offset, bias, mask };

struct Job {
  DeformableAttributes attributes;
  WindowGeometry window;
  int64_t batch, channels, filters;
  std::vector<double> x, offsets, mask;

  int64_t plane() const { return element_count(window.image); }
  int64_t positions() const { return element_count(window.positions); }
  size_t rank() const { return window.image.size(); }
  int64_t group() const { return attributes.convolution.group; }
  int64_t offset_group() const { return attributes.offset_group; }
};

std::vector<int64_t> coordinates(const Shape& shape, int64_t number) {
  std::vector<int64_t> result(shape.size());
  for (size_t d = shape.size(); d-- > 0; number /= shape[d]) result[d] = number % shape[d];
  return result;
}

// A plane's elements around a place with their weights.
struct Corner {
  int64_t offset;
  double weight;
};

std::vector<Corner> corners_of(const Shape& shape, const std::vector<double>& place) {
  std::vector<Corner> corners{{0, 1.0}};
  for (size_t d = 0; d < shape.size(); ++d) {
    if (!(place[d] > -1 && place[d] < static_cast<double>(shape[d]))) return {};
    const double low = std::floor(place[d]);
    const auto first = static_cast<int64_t>(low);
    std::vector<Corner> next;
    for (const Corner& corner : corners)
      for (const int64_t step : {0, 1}) {
        const double weight = step == 1 ? place[d] - low : 1 - (place[d] - low);
        const int64_t at = first + step;
        if (at >= 0 && at < shape[d] && weight != 0)
          next.push_back({corner.offset * shape[d] + at, corner.weight * weight});
      }
    corners = std::move(next);
  }
  return corners;
}

// Where tap `tap` reads at `position` of image n under offset group `group`, and the mask there.
std::vector<Corner> moved_tap(const Job& job, int64_t n, int64_t group, int64_t tap,
                              int64_t position) {
  const WindowGeometry& window = job.window;
  const auto rank = static_cast<int64_t>(job.rank());
  const std::vector<int64_t> at = coordinates(window.positions, position);
  const std::vector<int64_t> k = coordinates(window.kernel, tap);
  const int64_t row = (n * job.offset_group() + group) * window.taps() + tap;
  std::vector<double> place;
  for (int64_t d = 0; d < rank; ++d) {
    const int64_t regular =
        at[d] * window.strides[d] + k[d] * window.dilations[d] - window.pads_begin[d];
    place.push_back(static_cast<double>(regular) +
                    job.offsets[(row * rank + d) * job.positions() + position]);
  }
  std::vector<Corner> corners = corners_of(window.image, place);
  if (!job.mask.empty())
    for (Corner& corner : corners) corner.weight *= job.mask[row * job.positions() + position];
  return corners;
}

// All channels of image n at positions [first, first + count), one panel of taps a channel.
void gather(const Job& job, int64_t n, int64_t first, int64_t count, Panel& panel) {
  const int64_t taps = job.window.taps();
  const int64_t channels = job.channels / job.offset_group();
  for (int64_t group = 0; group < job.offset_group(); ++group)
    for (int64_t tap = 0; tap < taps; ++tap)
      for (int64_t i = 0; i < count; ++i) {
        const auto corners = moved_tap(job, n, group, tap, first + i);
        for (int64_t c = group * channels; c < (group + 1) * channels; ++c) {
          const double* plane = job.x.data() + (n * job.channels + c) * job.plane();
          double sum = 0;
          for (const Corner& corner : corners) sum += corner.weight * plane[corner.offset];
          panel[(c * taps + tap) * panel_width + i] = sum;
        }
      }
}

Job open(EvalContext& context) {
  const Shape& x = context.input(image).shape;
  const Shape& w = context.input(weights).shape;
  Job job;
  job.attributes = DeformableAttributes::from(context.attributes(), to_dims(spatial(w)));
  job.window = WindowGeometry::of(job.attributes.convolution.window, spatial(x),
                                  spatial(constants(*context.inferred(0).dims)));
  job.batch = x[0];
  job.channels = x[1];
  job.filters = w[0];
  context.require(job.channels % job.offset_group() == 0,
                  "attribute offset_group: expected a divisor of {} channels, got {}", job.channels,
                  job.offset_group());
  const int64_t moved = job.batch * job.offset_group() * job.window.taps() * job.positions();
  job.x = load_all<double>(context.input(image));
  job.offsets = load_or_zeros(context, offset, moved * static_cast<int64_t>(job.rank()));
  if (context.has_input(mask)) job.mask = load_or_zeros(context, mask, moved);
  return job;
}

}  // namespace

void infer_deform_conv(InferContext& context) {
  infer_convolution(context, bias);
  const auto kernel = kernel_of_weights(context, weights);
  if (!kernel || !context.has_rank(offset)) return;
  const auto attributes = DeformableAttributes::from(context.attributes(), kernel);
  const Dims& offsets = context.dims(offset);
  const Dim taps = product(attributes.convolution.window.kernel) * attributes.offset_group;
  context.require(offsets.size() == kernel->size() + 2 &&
                      may_equal(offsets[1], taps * static_cast<int64_t>(kernel->size())),
                  "offset: expected {} channels and {} dimensions, got {}",
                  (taps * static_cast<int64_t>(kernel->size())).to_string(), kernel->size() + 2,
                  context.input(offset).to_string());
}

void evaluate_deform_conv(EvalContext& context) {
  const TensorView output = context.output(0);
  const Job job = open(context);
  const std::vector<double> w = load_all<double>(context.input(weights));
  const std::vector<double> b = load_or_zeros(context, bias, job.filters);
  const int64_t taps = job.window.taps();
  const int64_t filters = job.filters / job.group();
  const int64_t depth = job.channels / job.group() * taps;
  std::vector<double> y(static_cast<size_t>(output.elements()));
  Panel panel(static_cast<size_t>(job.channels * taps * panel_width), 0.0);
  Panel part(static_cast<size_t>(depth * panel_width));
  for (int64_t n = 0; n < job.batch; ++n)
    for (int64_t first = 0; first < job.positions(); first += panel_width) {
      const int64_t count = std::min(panel_width, job.positions() - first);
      gather(job, n, first, count, panel);
      for (int64_t g = 0; g < job.group(); ++g) {
        std::copy_n(panel.begin() + g * depth * panel_width, depth * panel_width, part.begin());
        const auto store = [&](int64_t m, const double* sums) {
          const int64_t filter = g * filters + m;
          double* row = y.data() + (n * job.filters + filter) * job.positions() + first;
          for (int64_t i = 0; i < count; ++i) row[i] = sums[i] + b[filter];
        };
        multiply_panel(w.data() + g * filters * depth, depth, 1, filters, depth, part, store);
      }
    }
  store_all(output, y);
}

}  // namespace cermet
