// Conv and ConvTranspose. Activations are channels-last inside; other layouts are reordered.
#include <numeric>

#include "backends/cpu/onednn/kernels.h"
#include "backends/cpu/onednn/window.h"

namespace cermet::cpu::onednn {
namespace {

constexpr auto inference = dnnl::prop_kind::forward_inference;

// Which input is a vector with one element a channel, to be added before anything else.
struct Bias {
  int input = -1;
  size_t first_link = 0;  // of the rest of the epilogue
};

// The operator's own bias, or an epilogue that starts by adding one.
Bias find_bias(const Assembly& assembly) {
  if (assembly.has_input(2) && !assembly.is_epilogue_operand(2)) return {2, 0};
  const Chain& epilogue = assembly.epilogue();
  if (epilogue.links.empty() || epilogue.links[0].kind != ChainLink::Kind::add) return {};
  const int input = static_cast<int>(assembly.input_of(epilogue.links[0]));
  const Shape& shape = assembly.input_shape(input);
  const Shape& result = assembly.output_shape();
  const size_t rank = result.size();
  if (shape.size() + 1 < rank || shape[shape.size() - rank + 1] != result[1]) return {};
  if (element_count(shape) != result[1]) return {};
  return {input, 1};
}

Descriptor describe_bias(const Shape& result) { return describe({result[1]}); }

// Weights as oneDNN sees them: groups in front when there are several. `transposed` weights lie as
// [input channels][output channels of a group]...
Descriptor describe_weights(const Shape& weights, int64_t groups, bool transposed) {
  Shape shape{groups, weights[0] / groups, weights[1]};
  shape.insert(shape.end(), weights.begin() + 2, weights.end());
  std::vector<int64_t> steps = strides(shape, Layout{});
  if (transposed) {
    std::swap(shape[1], shape[2]);
    std::swap(steps[1], steps[2]);
  }
  if (groups == 1) {
    shape.erase(shape.begin());
    steps.erase(steps.begin());
  }
  return describe_strided(shape, steps);
}

// oneDNN's convolutions work on many places of the last dimension at once. Where the model says
// that there is one place only, the last two dimensions change roles. That moves no element of an
// image; weights get other strides. It is never decided by the sizes of a run: packed weights are
// turned for good.
class Turn {
 public:
  explicit Turn(const Problem& problem)
      : turns_(is_column(*problem.inputs[0]) && is_column(*problem.outputs[0])) {}

  Shape operator()(Shape shape) const {
    if (turns_ && shape.size() > 1) std::swap(shape.end()[-1], shape.end()[-2]);
    return shape;
  }
  Descriptor weights(const Descriptor& descriptor) const {
    if (!turns_) return descriptor;
    std::vector<int> order(descriptor.get_ndims());
    std::iota(order.begin(), order.end(), 0);
    std::swap(order.end()[-1], order.end()[-2]);
    return descriptor.permute_axes(order);
  }
  Window operator()(Window window) const {
    if (turns_)
      for (auto* sizes : {&window.strides, &window.dilations, &window.begin, &window.end})
        std::swap((*sizes)[0], (*sizes)[1]);
    return window;
  }

 private:
  static bool is_column(const Operand& image) {
    return image.type.rank() == 4 && image.type.dims->back().is_constant(1);
  }

  bool turns_;
};

template <class Primitive>
void assemble(Assembly& assembly, dnnl::algorithm algorithm, const Window& unturned,
              bool transposed) {
  const Turn turn(assembly.problem());
  const Shape input = turn(assembly.input_shape(0)), output = turn(assembly.output_shape());
  const Descriptor source = describe_channels_last(input), result = describe_channels_last(output);
  const Descriptor weights = turn.weights(describe_weights(
      assembly.input_shape(1), assembly.attributes().integer("group", 1), transposed));
  const Window window = turn(unturned);
  const Bias bias = find_bias(assembly);
  const auto attributes = assembly.make_attributes(
      bias.first_link, result, [&](const Shape& shape, const Layout& layout) {
        return describe_aligned(turn(shape), layout, result.get_ndims());
      });
  const typename Primitive::primitive_desc chosen(
      cpu_engine(), inference, algorithm, source, describe_any(weights.get_dims()),
      bias.input < 0 ? Descriptor() : describe_bias(assembly.output_shape()), result,
      window.strides, window.dilations, window.begin, window.end, attributes);
  std::vector<Argument> arguments{
      assembly.read(DNNL_ARG_SRC, 0, describe(input, assembly.input_layout(0)), source),
      assembly.read(DNNL_ARG_WEIGHTS, 1, weights, chosen.weights_desc())};
  if (bias.input >= 0)
    arguments.push_back({DNNL_ARG_BIAS, chosen.bias_desc(), Place::input(bias.input)});
  assembly.finish(Primitive(chosen), std::move(arguments),
                  describe(output, assembly.output_layout()), result);
}

dnnl::memory::dims kernel_of(const Shape& weights) { return {weights.begin() + 2, weights.end()}; }

}  // namespace

void assemble_convolution(Assembly& assembly) {
  assemble<dnnl::convolution_forward>(
      assembly, dnnl::algorithm::convolution_direct,
      window(assembly.attributes(), kernel_of(assembly.input_shape(1)), assembly.input_shape(0),
             assembly.output_shape()),
      false);
}

void assemble_deconvolution(Assembly& assembly) {
  assemble<dnnl::deconvolution_forward>(
      assembly, dnnl::algorithm::deconvolution_direct,
      transposed_window(assembly.attributes(), kernel_of(assembly.input_shape(1)),
                        assembly.input_shape(0), assembly.output_shape()),
      true);
}

}  // namespace cermet::cpu::onednn
