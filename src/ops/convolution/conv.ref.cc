// Conv: y[n, m, o] = b[m] + sum over c, k of w[m, c, k] * x[n, group(m) * C + c, o * s + k * d -
// p].
#include "base/scalar.h"
#include "ops/convolution/conv_shapes.ref.h"
#include "ops/convolution/convolution.attrs.h"
#include "ops/convolution/convolution.ref.h"
#include "ops/convolution/patch_product.ref.h"
#include "ops/convolution/window_taps.ref.h"

namespace cermet {
namespace {

void check_channels(const InferContext& context, int64_t group, size_t bias) {
  if (!context.has_rank(1)) return;
  const Dim& filters = context.dims(1)[0];
  context.require(!filters.is_constant() || filters.constant() % group == 0,
                  "weights: expected a multiple of {} groups as output channels, got {}", group,
                  context.input(1).to_string());
  if (!context.has_rank(0)) return;
  context.require(may_equal(context.dims(0)[1], context.dims(1)[1] * group),
                  "expected {} input channels as the weights {} in {} groups have, got {}",
                  (context.dims(1)[1] * group).to_string(), context.input(1).to_string(), group,
                  context.input(0).to_string());
  if (context.has_input(bias) && context.has_rank(bias))
    context.require(context.rank(bias) == 1 && may_equal(context.dims(bias)[0], filters),
                    "bias: expected {} elements, got {}", filters.to_string(),
                    context.input(bias).to_string());
}

struct Geometry {
  int64_t batch, channels, filters, group;  // channels and filters of all groups
  WindowGeometry window;

  int64_t image() const { return element_count(window.image); }
  int64_t positions() const { return element_count(window.positions); }
  int64_t channels_of_group() const { return channels / group; }
  int64_t filters_of_group() const { return filters / group; }
  int64_t depth() const { return channels_of_group() * window.taps(); }
};

Geometry geometry_of(EvalContext& context) {
  const Shape& x = context.input(0).shape;
  const Shape& w = context.input(1).shape;
  const Shape y = constants(*context.inferred(0).dims);
  const auto attributes = ConvolutionAttributes::from(context.attributes(), to_dims(spatial(w)));
  return {x[0], x[1], w[0], attributes.group,
          WindowGeometry::of(attributes.window, spatial(x), spatial(y))};
}

void gather(const double* x, const Geometry& geometry, int64_t count,
            const std::vector<int64_t>& offsets, Panel& panel) {
  const int64_t taps = geometry.window.taps();
  const int64_t image = geometry.image();
  for (int64_t c = 0; c < geometry.channels_of_group(); ++c)
    for (int64_t t = 0; t < taps; ++t)
      for (int64_t i = 0; i < count; ++i) {
        const int64_t offset = offsets[t * count + i];
        panel[(c * taps + t) * panel_width + i] = offset < 0 ? 0.0 : x[c * image + offset];
      }
}

}  // namespace

void infer_convolution(InferContext& context, size_t bias) {
  const ElementType element = context.element(0);
  const std::optional<int> rank = convolution_rank(context);
  const auto kernel = kernel_of_weights(context, 1);
  if (!rank) return context.set_output_rank_unknown(0, element);
  if (!kernel && !context.attributes().has("kernel_shape"))
    return context.set_output_rank(0, element, *rank);
  const auto attributes = ConvolutionAttributes::from(context.attributes(), kernel);
  context.require(static_cast<int>(attributes.window.rank()) == *rank - 2,
                  "expected {} kernel sizes, got {}", *rank - 2, attributes.window.rank());
  check_channels(context, attributes.group, bias);
  Dims dims{context.has_rank(0) ? context.dims(0)[0] : context.new_dim(),
            kernel ? context.dims(1)[0] : context.new_dim("channels")};
  for (int d = 0; d < *rank - 2; ++d)
    dims.push_back(context.has_rank(0) ? attributes.output_size(context.dims(0)[d + 2], d)
                                       : context.new_dim("d"));
  context.set_output(0, element, std::move(dims));
}

void infer_conv(InferContext& context) { infer_convolution(context, 2); }

void evaluate_conv(EvalContext& context) {
  const TensorView output = context.output(0);
  const Geometry geometry = geometry_of(context);
  const std::vector<double> x = load_all<double>(context.input(0));
  const std::vector<double> w = load_all<double>(context.input(1));
  const std::vector<double> bias = load_or_zeros(context, 2, geometry.filters);
  std::vector<double> y(static_cast<size_t>(output.elements()));
  Panel panel(static_cast<size_t>(geometry.depth() * panel_width), 0.0);
  const int64_t filters = geometry.filters_of_group();
  const int64_t positions = geometry.positions();

  for_each_run(
      geometry.window, panel_width, [&](int64_t first, int64_t count, const auto& offsets) {
        for (int64_t n = 0; n < geometry.batch; ++n)
          for (int64_t g = 0; g < geometry.group; ++g) {
            const int64_t channel = n * geometry.channels + g * geometry.channels_of_group();
            gather(x.data() + channel * geometry.image(), geometry, count, offsets, panel);
            const auto store = [&](int64_t m, const double* sums) {
              const int64_t filter = g * filters + m;
              double* row = y.data() + (n * geometry.filters + filter) * positions + first;
              for (int64_t i = 0; i < count; ++i) row[i] = sums[i] + bias[filter];
            };
            multiply_panel(w.data() + g * filters * geometry.depth(), geometry.depth(), 1, filters,
                           geometry.depth(), panel, store);
          }
      });
  store_all(output, y);
}

}  // namespace cermet
