// ConvTranspose: each x[n, c, i] adds w[c, m, k] * x to y[n, group(c) * M + m, i * s + k * d - p].
#include "base/scalar.h"
#include "ops/convolution/conv_shapes.ref.h"
#include "ops/convolution/convolution.attrs.h"
#include "ops/convolution/convolution.ref.h"
#include "ops/convolution/patch_product.ref.h"
#include "ops/convolution/window_taps.ref.h"

namespace cermet {
namespace {

void check_channels(const InferContext& context, int64_t group) {
  if (!context.has_rank(1)) return;
  const Dim& channels = context.dims(1)[0];
  context.require(!channels.is_constant() || channels.constant() % group == 0,
                  "weights: expected a multiple of {} groups as input channels, got {}", group,
                  context.input(1).to_string());
  if (context.has_rank(0))
    context.require(may_equal(context.dims(0)[1], channels),
                    "expected {} input channels as the weights have, got {}", channels.to_string(),
                    context.input(0).to_string());
  const Dim filters = context.dims(1)[1] * group;
  if (context.has_input(2) && context.has_rank(2))
    context.require(context.rank(2) == 1 && may_equal(context.dims(2)[0], filters),
                    "bias: expected {} elements, got {}", filters.to_string(),
                    context.input(2).to_string());
}

// The window slides over the output and stands at the input's elements.
WindowGeometry geometry_of(const TransposedConvolutionAttributes& attributes, const Shape& input,
                           const Shape& output) {
  WindowGeometry result{output,
                        input,
                        constants(attributes.window.kernel),
                        attributes.window.strides,
                        attributes.window.dilations,
                        {}};
  for (size_t d = 0; d < input.size(); ++d)
    result.pads_begin.push_back(attributes.padding(input[d], d).begin.constant());
  return result;
}

}  // namespace

void infer_conv_transpose(InferContext& context) {
  const ElementType element = context.element(0);
  const std::optional<int> rank = convolution_rank(context);
  const auto kernel = kernel_of_weights(context, 1);
  if (!rank) return context.set_output_rank_unknown(0, element);
  if (!kernel && !context.attributes().has("kernel_shape"))
    return context.set_output_rank(0, element, *rank);
  const auto attributes = TransposedConvolutionAttributes::from(context.attributes(), kernel);
  context.require(static_cast<int>(attributes.window.rank()) == *rank - 2,
                  "expected {} kernel sizes, got {}", *rank - 2, attributes.window.rank());
  check_channels(context, attributes.group);
  Dims dims{context.has_rank(0) ? context.dims(0)[0] : context.new_dim(),
            kernel ? context.dims(1)[1] * attributes.group : context.new_dim("channels")};
  for (int d = 0; d < *rank - 2; ++d)
    dims.push_back(context.has_rank(0) ? attributes.output_size(context.dims(0)[d + 2], d)
                                       : context.new_dim("d"));
  context.set_output(0, element, std::move(dims));
}

void evaluate_conv_transpose(EvalContext& context) {
  const TensorView output = context.output(0);
  const ConstTensorView& input = context.input(0);
  const Shape& weights = context.input(1).shape;
  const auto attributes =
      TransposedConvolutionAttributes::from(context.attributes(), to_dims(spatial(weights)));
  const WindowGeometry window =
      geometry_of(attributes, spatial(input.shape), spatial(output.shape));
  const int64_t group = attributes.group;
  const int64_t channels = weights[0] / group;  // of one group
  const int64_t filters = weights[1];
  const int64_t image = element_count(window.image);
  const int64_t positions = element_count(window.positions);
  const int64_t taps = window.taps();
  const std::vector<double> x = load_all<double>(input);
  const std::vector<double> w = load_all<double>(context.input(1));
  const std::vector<double> bias = load_or_zeros(context, 2, filters * group);
  std::vector<double> y(static_cast<size_t>(output.elements()));
  for (int64_t plane = 0; plane < input.shape[0] * group * filters; ++plane)
    std::fill_n(y.begin() + plane * image, image, bias[plane % (group * filters)]);

  Panel panel(static_cast<size_t>(channels * panel_width), 0.0);
  for_each_run(window, panel_width, [&](int64_t first, int64_t count, const auto& offsets) {
    for (int64_t block = 0; block < input.shape[0] * group; ++block) {
      for (int64_t c = 0; c < channels; ++c)
        std::copy_n(x.begin() + (block * channels + c) * positions + first, count,
                    panel.begin() + c * panel_width);
      const auto scatter = [&](int64_t row, const double* sums) {
        double* plane = y.data() + (block * filters + row / taps) * image;
        const int64_t* targets = offsets.data() + row % taps * count;
        for (int64_t i = 0; i < count; ++i)
          if (targets[i] >= 0) plane[targets[i]] += sums[i];
      };
      const int64_t rows = filters * taps;
      multiply_panel(w.data() + block % group * channels * rows, 1, rows, rows, channels, panel,
                     scatter);
    }
  });
  store_all(output, y);
}

}  // namespace cermet
